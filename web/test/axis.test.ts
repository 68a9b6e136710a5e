import assert from 'node:assert/strict';
import {test} from 'node:test';
import {HALF_HOUR, HOUR, MINUTE, ZoneOffset, halfHourBefore, ticksOf, timeAt, widthOf, xOf} from '../src/guide/axis';

const utc: ZoneOffset = () => 0;
const kathmandu: ZoneOffset = () => 345;
const at = (text: string) => Date.parse(text);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

// A zone whose clocks change once.
const changes = (when: string, before: number, after: number): ZoneOffset => (ms) => (ms < at(when) ? before : after);

test('the half hour before an instant is one of the zone', () => {
  assert.equal(iso(halfHourBefore(at('2026-06-10T18:59:59Z'), utc)), '2026-06-10T18:30');
  assert.equal(iso(halfHourBefore(at('2026-06-10T18:30:00Z'), utc)), '2026-06-10T18:30');
  assert.equal(iso(halfHourBefore(at('2026-06-10T18:10:00Z'), kathmandu)), '2026-06-10T17:45', '23:30 there');
  assert.equal(iso(halfHourBefore(at('1969-12-31T23:59:00Z'), utc)), '1969-12-31T23:30', 'before 1970');
});

test('marks stand at full and half hours, and know midnight', () => {
  const ticks = ticksOf(at('2026-06-10T22:40:00Z'), at('2026-06-11T00:31:00Z'), utc);
  assert.deepEqual(ticks.map((tick) => `${iso(tick.at).slice(11)}${tick.hour ? 'h' : ''}${tick.day ? 'd' : ''}`),
    ['23:00h', '23:30', '00:00hd', '00:30']);
});

test('marks of a zone a quarter off stand at its own hours', () => {
  const ticks = ticksOf(at('2026-06-10T18:00:00Z'), at('2026-06-10T19:00:00Z'), kathmandu);
  assert.deepEqual(ticks.map((tick) => [iso(tick.at).slice(11), tick.day]), [['18:15', true], ['18:45', false]]);
});

test('marks go on over both changes of the clocks', () => {
  const spring = changes('2026-03-08T07:00:00Z', -300, -240); // New York: 02:00 becomes 03:00
  const ticks = ticksOf(at('2026-03-08T06:00:00Z'), at('2026-03-08T08:00:00Z'), spring);
  assert.deepEqual(ticks.map((tick) => tick.hour), [true, false, true, false]);
  const lordHowe = changes('2026-04-04T15:00:00Z', 660, 630); // 02:00 becomes 01:30: half an hour
  const there = ticksOf(at('2026-04-04T14:00:00Z'), at('2026-04-04T16:31:00Z'), lordHowe);
  assert.deepEqual(there.map((tick) => tick.hour), [true, false, false, true, false, true]);
  assert.ok(there.every((tick, i) => i === 0 || tick.at - there[i - 1]!.at === HALF_HOUR));
});

test('pixels and instants are each other\'s inverse', () => {
  const axis = {from: at('2026-06-10T18:00:00Z'), to: at('2026-06-10T20:00:00Z'), pxPerMinute: 6};
  assert.equal(widthOf(axis), 720);
  assert.equal(xOf(axis, axis.from + HOUR), 360);
  for (const minutes of [0, 1, 59.5, 120]) {
    assert.equal(timeAt(axis, xOf(axis, axis.from + minutes * MINUTE)), axis.from + minutes * MINUTE);
  }
});
