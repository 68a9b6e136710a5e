// What stands where in the guide. Pure.
import {Channel, Entry} from '../network/shape';

// A piece of a channel's row: an entry, or a while of which nothing is known.
export interface Cell {
  start: number; // of what is shown of it
  stop: number;
  entry: Entry | null;
}

// The row of a channel: cells that touch from `from` to `to`.
export function cellsOf(entries: Entry[], from: number, to: number): Cell[] {
  const cells: Cell[] = [];
  let end = from;
  for (const entry of entries) {
    if (entry.stop <= end) continue;
    if (entry.start >= to || end >= to) break;
    if (entry.start > end) cells.push({start: end, stop: entry.start, entry: null});
    const start = Math.max(entry.start, end);
    end = Math.min(entry.stop, to);
    cells.push({start, stop: end, entry});
  }
  if (end < to) cells.push({start: end, stop: to, entry: null});
  return cells;
}

// Cells that are at least partly in [from, to), and the one at `focus`.
export function cellsIn(cells: Cell[], from: number, to: number, focus: number | null): Cell[] {
  return cells.filter((cell) => (cell.stop > from && cell.start < to) ||
    (focus !== null && cell.start <= focus && focus < cell.stop));
}

export const cellAt = (cells: Cell[], time: number): Cell | undefined =>
  cells.find((cell) => cell.start <= time && time < cell.stop);

// Which rows are to be drawn: those in view, and `spare` more at either side. [first, last)
export function rowsIn(scrollTop: number, height: number, rowHeight: number, rows: number, spare = 4): [number, number] {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return [Math.min(first, last), last];
}

// How much of it is over: 0 to 1.
export const progressOf = (entry: Entry, now: number): number =>
  Math.min(1, Math.max(0, (now - entry.start) / (entry.stop - entry.start)));

export interface NowNext {
  now: Entry | null;
  next: Entry | null;
}

export function nowAndNext(entries: Entry[], now: number): NowNext {
  return {
    now: entries.find((entry) => entry.start <= now && now < entry.stop) ?? null,
    next: entries.find((entry) => entry.start > now) ?? null,
  };
}

// Where the keyboard is: a row, and an instant. Up and down keep the instant, so that the user sees the same time on all
// channels.
export interface Cursor {
  row: number;
  time: number;
}

export const PAGE_ROWS = 5;

// Where a key leads; null if it leads nowhere. `rows` are the cells of each channel.
export function moved(cursor: Cursor, key: string, rows: Cell[][], now: number): Cursor | null {
  const cells = rows[cursor.row];
  if (!cells) return null;
  const index = cells.findIndex((cell) => cell.start <= cursor.time && cursor.time < cell.stop);
  const toRow = (row: number): Cursor | null => {
    const there = Math.min(rows.length - 1, Math.max(0, row));
    return there === cursor.row ? null : {row: there, time: cursor.time};
  };
  const toCell = (cell: Cell | undefined): Cursor | null => (cell ? {row: cursor.row, time: cell.start} : null);
  switch (key) {
    case 'ArrowUp':
      return toRow(cursor.row - 1);
    case 'ArrowDown':
      return toRow(cursor.row + 1);
    case 'PageUp':
      return toRow(cursor.row - PAGE_ROWS);
    case 'PageDown':
      return toRow(cursor.row + PAGE_ROWS);
    case 'ArrowLeft':
      return toCell(cells[index - 1]);
    case 'ArrowRight':
      return toCell(cells[index + 1]);
    case 'Home':
      return {row: cursor.row, time: now};
    case 'End':
      return toCell(cells[cells.length - 1]);
    default:
      return null;
  }
}

// The channel so many rows on, from the last one to the first and back.
export function neighbour(channels: Channel[], slug: string, step: number): Channel | undefined {
  const index = channels.findIndex((channel) => channel.slug === slug);
  if (index < 0) return channels[0];
  return channels[(((index + step) % channels.length) + channels.length) % channels.length];
}

export const byNumber = (channels: Channel[], number: number): Channel | undefined =>
  channels.find((channel) => channel.number === number);
