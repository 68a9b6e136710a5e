import assert from 'node:assert/strict';
import {test} from 'node:test';
import {NetworkClock} from '../src/network/clock';
import {pauseBefore} from '../src/network/pause';
import {guideOf, messageOf} from '../src/network/shape';

test('the clock is the network\'s, counted on from what it last said', () => {
  let elapsed = 1000;
  const clock = new NetworkClock(() => elapsed, () => 5_000_000);
  assert.equal(clock.now(), 5_000_000, 'the viewer\'s own until the network has spoken');
  elapsed += 100;
  assert.equal(clock.now(), 5_000_100);
  clock.set(90_000, 1100, 1300); // 200 ms there and back
  elapsed = 1300;
  assert.equal(clock.now(), 90_100);
  elapsed += 60_000;
  assert.equal(clock.now(), 150_100);
});

test('pauses grow to ten seconds and differ by chance', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((failures) => pauseBefore(failures, 0)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  assert.equal(pauseBefore(60, 0.999), 7503);
  assert.ok(pauseBefore(0, 0) > 0);
});

test('a guide is read, and what is wrong in it is left out', () => {
  const guide = guideOf({
    now_utc_ms: 7,
    more: 'later',
    channels: [
      {
        id: 'i', slug: 'a', number: 5, name: 'A', group: '', entries: [
          {id: '2', start_utc_ms: 20, stop_utc_ms: 30, title: 'two', series: 'S', season: 0, episode: 2},
          {id: '1', start_utc_ms: 10, stop_utc_ms: 20, title: 'one', season: 'x', episode: 1.5},
          {id: '3', start_utc_ms: 25, stop_utc_ms: 40, title: 'overlaps'},
          {id: '4', start_utc_ms: 50, stop_utc_ms: 50, title: 'no time'},
          {id: '5', start_utc_ms: '60', stop_utc_ms: 70}, null, 'text'],
      },
      {slug: 'bare'}, {name: 'no slug'}, null, 7,
    ],
  });
  assert.equal(guide.now, 7);
  assert.deepEqual(guide.channels.map((channel) => [channel.slug, channel.name, channel.number, channel.group]),
    [['a', 'A', 5, undefined], ['bare', 'bare', undefined, undefined]]);
  assert.deepEqual(guide.channels[0]!.entries.map((entry) => [entry.title, entry.season, entry.episode]),
    [['one', undefined, undefined], ['two', 0, 2]]);
});

test('what is no guide is none', () => {
  for (const json of [null, [], 'x', {}, {now_utc_ms: 1}, {now_utc_ms: '1', channels: []}, {now_utc_ms: 1, channels: {}}]) {
    assert.throws(() => guideOf(json), TypeError);
  }
});

test('an error\'s sentence is its message', () => {
  assert.equal(messageOf('{"status":"error","code":"C","message":"Say this."}'), 'Say this.');
  assert.equal(messageOf('{"message":"say this; then that"}'), 'Say this; then that.');
  assert.equal(messageOf('{"code":"C"}'), 'C.');
  for (const body of ['', 'x', '[]', 'null', '{"message":7}', '<html>']) assert.equal(messageOf(body), '');
});
