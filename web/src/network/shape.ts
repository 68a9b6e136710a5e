// What the network answers, as ../../API.md has it. An answer is checked before it is believed.

export interface Entry {
  id: string;
  start: number; // ms of UTC
  stop: number;
  title: string;
  series?: string;
  season?: number;
  episode?: number;
  synopsis?: string;
  genre?: string;
  rating?: string;
  year?: number;
}

export interface Channel {
  id: string;
  slug: string;
  number?: number;
  name: string;
  group?: string;
  logo?: string;
  entries: Entry[]; // sorted, without overlap
}

export interface Guide {
  now: number; // the network's clock when it answered
  channels: Channel[];
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const wholeOf = (value: unknown): number | undefined => (Number.isInteger(value) ? (value as number) : undefined);

function entryOf(json: unknown): Entry | null {
  if (!isObject(json) || !isTime(json.start_utc_ms) || !isTime(json.stop_utc_ms)) return null;
  if (json.stop_utc_ms <= json.start_utc_ms) return null;
  return {
    id: textOf(json.id) ?? `${json.start_utc_ms}`,
    start: json.start_utc_ms,
    stop: json.stop_utc_ms,
    title: textOf(json.title) ?? '',
    series: textOf(json.series),
    season: wholeOf(json.season),
    episode: wholeOf(json.episode),
    synopsis: textOf(json.synopsis),
    genre: textOf(json.genre),
    rating: textOf(json.rating),
    year: wholeOf(json.year),
  };
}

// Sorted; of entries that overlap the first stays.
function entriesOf(json: unknown): Entry[] {
  if (!Array.isArray(json)) return [];
  const entries = json.map(entryOf).filter((entry): entry is Entry => entry !== null);
  entries.sort((a, b) => a.start - b.start);
  let end = -Infinity;
  return entries.filter((entry) => {
    if (entry.start < end) return false;
    end = entry.stop;
    return true;
  });
}

function channelOf(json: unknown): Channel | null {
  if (!isObject(json)) return null;
  const slug = textOf(json.slug);
  if (!slug) return null;
  return {
    id: textOf(json.id) ?? slug,
    slug,
    number: wholeOf(json.number),
    name: textOf(json.name) ?? slug,
    group: textOf(json.group),
    logo: textOf(json.logo),
    entries: entriesOf(json.entries),
  };
}

// Throws a TypeError for what is no guide at all.
export function guideOf(json: unknown): Guide {
  if (!isObject(json) || !isTime(json.now_utc_ms) || !Array.isArray(json.channels)) {
    throw new TypeError('The answer is no guide.');
  }
  return {
    now: json.now_utc_ms,
    channels: json.channels.map(channelOf).filter((channel): channel is Channel => channel !== null),
  };
}

// The sentence of an error's JSON, "" if it has none. Programs write it as they write their log: small, without a full stop.
export function messageOf(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    const message = isObject(json) ? (textOf(json.message) ?? textOf(json.code) ?? '') : '';
    if (message === '') return '';
    return message.charAt(0).toUpperCase() + message.slice(1) + (/[.!?]$/.test(message) ? '' : '.');
  } catch {
    return ''; // no JSON
  }
}
