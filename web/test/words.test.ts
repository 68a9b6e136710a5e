import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Entry} from '../src/network/shape';
import {factsOf, leftText, numberText, titlesOf, untilText} from '../src/words';

const entry = (more: Partial<Entry>): Entry => ({id: 'e', start: 0, stop: 1, title: 'Pilot', ...more});
const MINUTE = 60_000;

test('an episode is its series, its number and its name', () => {
  assert.deepEqual(titlesOf(entry({series: 'Show', season: 2, episode: 5})), {title: 'Show', sub: 'S2 E5 · Pilot'});
  assert.deepEqual(titlesOf(entry({series: 'Show', title: 'Show'})), {title: 'Show', sub: ''});
  assert.deepEqual(titlesOf(entry({})), {title: 'Pilot', sub: ''});
  assert.deepEqual(titlesOf(entry({title: ''})), {title: 'Untitled', sub: ''});
  assert.equal(numberText(entry({season: 0, episode: 3})), 'Special 3');
  assert.equal(numberText(entry({episode: 3})), 'E3');
  assert.equal(numberText(entry({season: 1})), '');
});

test('what is known of it is said, and nothing else', () => {
  assert.equal(factsOf(entry({year: 1987, genre: 'Drama, Mystery', rating: 'TV-PG'})), '1987 · Drama, Mystery · TV-PG');
  assert.equal(factsOf(entry({rating: 'FSK 12'})), 'FSK 12');
  assert.equal(factsOf(entry({})), '');
});

test('spans of time in words', () => {
  assert.equal(leftText(30_000), '1 min left');
  assert.equal(leftText(59 * MINUTE), '59 min left');
  assert.equal(leftText(60 * MINUTE), '1 h left');
  assert.equal(leftText(125 * MINUTE), '2 h 5 min left');
  assert.equal(untilText(10_000), 'in 1 min');
  assert.equal(untilText(90 * MINUTE), 'in 90 min');
  assert.equal(untilText(180 * MINUTE), 'in 3 h');
});
