// Times and names as the viewer reads them.
import {Entry} from './network/shape';

const time = new Intl.DateTimeFormat(undefined, {hour: 'numeric', minute: '2-digit'});
const day = new Intl.DateTimeFormat(undefined, {weekday: 'short', day: 'numeric', month: 'short'});

export const clockText = (utcMs: number): string => time.format(utcMs);
export const dayText = (utcMs: number): string => day.format(utcMs);
export const spanText = (entry: {start: number; stop: number}): string =>
  `${clockText(entry.start)} – ${clockText(entry.stop)}`;

// "S2 E5", "Special 3", "E5", or "".
export function numberText(entry: Entry): string {
  if (entry.episode === undefined) return '';
  if (entry.season === undefined) return `E${entry.episode}`;
  return entry.season === 0 ? `Special ${entry.episode}` : `S${entry.season} E${entry.episode}`;
}

// What it is called, and what stands beneath.
export function titlesOf(entry: Entry): {title: string; sub: string} {
  const title = entry.series ?? entry.title;
  const name = entry.series && entry.title !== entry.series ? entry.title : '';
  return {title: title || 'Untitled', sub: [numberText(entry), name].filter(Boolean).join(' · ')};
}

// "1987 · Drama, Mystery · TV-PG", or "".
export const factsOf = (entry: Entry): string =>
  [entry.year, entry.genre, entry.rating].filter((fact) => fact !== undefined).join(' · ');

// "12 min left", "1 h 5 min left".
export function leftText(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min left` : `${hours} h ${minutes % 60 ? `${minutes % 60} min ` : ''}left`;
}

// "in 5 min", "in 2 h".
export function untilText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  return minutes < 100 ? `in ${minutes} min` : `in ${Math.round(minutes / 60)} h`;
}
