// The time axis: ms of UTC to pixels, and where its marks stand. Pure.

export const MINUTE = 60_000;
export const HALF_HOUR = 30 * MINUTE;
export const HOUR = 60 * MINUTE;

// Minutes a zone's clock is ahead of UTC at an instant.
export type ZoneOffset = (utcMs: number) => number;

// The viewer's own zone.
export const localOffset: ZoneOffset = (utcMs) => -new Date(utcMs).getTimezoneOffset();

// The last full or half hour of the zone's clock at or before `utcMs`.
export function halfHourBefore(utcMs: number, offset: ZoneOffset): number {
  const shift = offset(utcMs) * MINUTE;
  return Math.floor((utcMs + shift) / HALF_HOUR) * HALF_HOUR - shift;
}

export interface Tick {
  at: number;
  hour: boolean; // a full hour of the zone's clock
  day: boolean; // the zone's midnight
}

// Each full and half hour of the zone's clock in [from, to). Where the clocks change the marks go on half an hour apart.
export function ticksOf(from: number, to: number, offset: ZoneOffset): Tick[] {
  const ticks: Tick[] = [];
  let at = halfHourBefore(from, offset);
  if (at < from) at += HALF_HOUR;
  for (; at < to; at += HALF_HOUR) {
    const minute = (((at / MINUTE + offset(at)) % 1440) + 1440) % 1440;
    ticks.push({at, hour: minute % 60 === 0, day: minute === 0});
  }
  return ticks;
}

// The span of time the guide shows, and how wide a minute is.
export interface Axis {
  from: number;
  to: number;
  pxPerMinute: number;
}

export const widthOf = (axis: Axis): number => ((axis.to - axis.from) / MINUTE) * axis.pxPerMinute;
export const xOf = (axis: Axis, utcMs: number): number => ((utcMs - axis.from) / MINUTE) * axis.pxPerMinute;
export const timeAt = (axis: Axis, x: number): number => axis.from + (x / axis.pxPerMinute) * MINUTE;
