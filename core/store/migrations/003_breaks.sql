-- Where programmes are interrupted: the rules of channels, zones and programs ('' is none of its own), and the breaks of what was
-- resolved. And the asset an item is of, so that a guide need not read what every item consists of.

ALTER TABLE channels ADD COLUMN breaks_json TEXT NOT NULL DEFAULT '';
ALTER TABLE zones ADD COLUMN breaks_json TEXT NOT NULL DEFAULT '';
ALTER TABLE programs ADD COLUMN breaks_json TEXT NOT NULL DEFAULT '';
ALTER TABLE schedule_items ADD COLUMN breaks_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE schedule_items ADD COLUMN asset_id TEXT NOT NULL DEFAULT '';
UPDATE schedule_items SET asset_id = COALESCE((SELECT p.asset_id FROM schedule_parts p
  WHERE p.day_id = schedule_items.day_id AND p.item_seq = schedule_items.seq AND 2 * p.airs_ms > schedule_items.content_ms), '');
ALTER TABLE playlog_events ADD COLUMN fades_in BIGINT NOT NULL DEFAULT 0 CHECK (fades_in IN (0, 1));
