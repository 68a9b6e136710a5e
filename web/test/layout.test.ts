import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Cell, byNumber, cellAt, cellsIn, cellsOf, moved, neighbour, nowAndNext, progressOf, rowsIn} from '../src/guide/layout';
import {Channel, Entry} from '../src/network/shape';

const entry = (start: number, stop: number, title = `${start}`): Entry => ({id: title, start, stop, title});
const text = (cells: Cell[]) => cells.map((cell) => `${cell.start}-${cell.stop}${cell.entry ? '' : '?'}`).join(' ');
const channel = (slug: string, number?: number): Channel => ({id: slug, slug, number, name: slug, entries: []});

test('cells touch from the beginning to the end', () => {
  assert.equal(text(cellsOf([], 0, 100)), '0-100?');
  assert.equal(text(cellsOf([entry(0, 40), entry(40, 100)], 0, 100)), '0-40 40-100');
  assert.equal(text(cellsOf([entry(10, 40), entry(60, 90)], 0, 100)), '0-10? 10-40 40-60? 60-90 90-100?');
});

test('what reaches over an end is cut there, what lies outside is left out', () => {
  assert.equal(text(cellsOf([entry(-50, -10), entry(-10, 40), entry(40, 140), entry(140, 150)], 0, 100)), '0-40 40-100');
  assert.equal(text(cellsOf([entry(-50, 500)], 0, 100)), '0-100');
});

test('entries that overlap do not lie over each other', () => {
  assert.equal(text(cellsOf([entry(0, 60), entry(30, 50), entry(40, 80)], 0, 100)), '0-60 60-80 80-100?');
});

test('of a thousand random guides the cells touch', () => {
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 1000; ++round) {
    const entries = Array.from({length: random(12)}, () => {
      const start = random(300) - 100;
      return entry(start, start + 1 + random(60));
    }).sort((a, b) => a.start - b.start);
    const cells = cellsOf(entries, 0, 100);
    assert.equal(cells[0]!.start, 0);
    assert.equal(cells[cells.length - 1]!.stop, 100);
    cells.forEach((cell, i) => {
      assert.ok(cell.stop > cell.start);
      if (i > 0) assert.equal(cell.start, cells[i - 1]!.stop);
    });
  }
});

test('only what is in view is drawn', () => {
  const cells = cellsOf([entry(0, 40), entry(40, 100)], 0, 100);
  assert.equal(text(cellsIn(cells, 0, 40, null)), '0-40');
  assert.equal(text(cellsIn(cells, 39, 41, null)), '0-40 40-100');
  assert.equal(text(cellsIn(cells, 0, 40, 70)), '0-40 40-100', 'where the keyboard is');
  assert.equal(cellAt(cells, 40)?.stop, 100);
  assert.equal(cellAt(cells, 100), undefined);
  assert.deepEqual(rowsIn(0, 300, 60, 500, 2), [0, 7]);
  assert.deepEqual(rowsIn(6000, 300, 60, 500, 2), [98, 107]);
  assert.deepEqual(rowsIn(29_900, 300, 60, 500, 2), [496, 500]);
  assert.deepEqual(rowsIn(500, 300, 60, 0), [0, 0]);
  assert.deepEqual(rowsIn(9000, 300, 60, 3), [3, 3], 'scrolled beyond what there is left');
});

test('progress is from 0 to 1', () => {
  assert.equal(progressOf(entry(100, 200), 50), 0);
  assert.equal(progressOf(entry(100, 200), 125), 0.25);
  assert.equal(progressOf(entry(100, 200), 900), 1);
});

test('what is on, and what comes next', () => {
  const entries = [entry(0, 10, 'a'), entry(10, 20, 'b'), entry(30, 40, 'c')];
  const at = (now: number) => {
    const {now: on, next} = nowAndNext(entries, now);
    return `${on?.title ?? '-'}${next?.title ?? '-'}`;
  };
  assert.deepEqual([-1, 0, 9, 10, 20, 30, 40].map(at), ['-a', 'ab', 'ab', 'bc', '-c', 'c-', '--']);
});

test('keys move through time and keep it across channels', () => {
  const rows = [
    cellsOf([entry(0, 50), entry(50, 100)], 0, 100),
    cellsOf([entry(0, 20), entry(20, 80), entry(80, 100)], 0, 100),
    ...Array.from({length: 6}, () => cellsOf([entry(0, 100)], 0, 100)),
  ];
  const now = 30;
  assert.deepEqual(moved({row: 0, time: 30}, 'ArrowRight', rows, now), {row: 0, time: 50});
  assert.equal(moved({row: 0, time: 50}, 'ArrowRight', rows, now), null, 'there is no more');
  assert.deepEqual(moved({row: 1, time: 50}, 'ArrowLeft', rows, now), {row: 1, time: 0});
  assert.equal(moved({row: 1, time: 0}, 'ArrowLeft', rows, now), null);
  assert.deepEqual(moved({row: 0, time: 50}, 'ArrowDown', rows, now), {row: 1, time: 50});
  assert.equal(moved({row: 0, time: 50}, 'ArrowUp', rows, now), null);
  assert.deepEqual(moved({row: 1, time: 50}, 'PageDown', rows, now), {row: 6, time: 50});
  assert.deepEqual(moved({row: 5, time: 50}, 'PageDown', rows, now), {row: 7, time: 50});
  assert.deepEqual(moved({row: 3, time: 50}, 'PageUp', rows, now), {row: 0, time: 50});
  assert.deepEqual(moved({row: 1, time: 90}, 'Home', rows, now), {row: 1, time: 30});
  assert.deepEqual(moved({row: 1, time: 0}, 'End', rows, now), {row: 1, time: 80});
  assert.equal(moved({row: 0, time: 0}, 'x', rows, now), null);
  assert.equal(moved({row: 0, time: 0}, 'ArrowDown', [], now), null, 'no channels');
});

test('zapping goes round', () => {
  const channels = [channel('a', 1), channel('b'), channel('c', 3)];
  assert.equal(neighbour(channels, 'a', 1)?.slug, 'b');
  assert.equal(neighbour(channels, 'c', 1)?.slug, 'a');
  assert.equal(neighbour(channels, 'a', -1)?.slug, 'c');
  assert.equal(neighbour(channels, 'gone', 1)?.slug, 'a');
  assert.equal(neighbour([], 'a', 1), undefined);
  assert.equal(byNumber(channels, 3)?.slug, 'c');
  assert.equal(byNumber(channels, 2), undefined);
});
