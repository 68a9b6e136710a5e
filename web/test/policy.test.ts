import assert from 'node:assert/strict';
import {test} from 'node:test';
import {Failure, retryAfterOf, verdictOn} from '../src/player/policy';

const refused = (status: number, retryAfterS: number | null = null): Failure =>
  ({kind: 'refused', status, message: 'because', retryAfterS});

test('a network that is away is tried for ever, sooner at first', () => {
  for (const kind of ['away', 'ended', 'stalled'] as const) {
    assert.deepEqual([1, 2, 3, 99].map((failures) => verdictOn({kind}, failures, 0).againMs), [500, 1000, 2000, 10_000]);
  }
});

test('503 waits as long as it is told to, within reason', () => {
  assert.equal(verdictOn(refused(503, 7), 1, 0).againMs, 7000);
  assert.equal(verdictOn(refused(503, 0), 1, 0).againMs, 1000);
  assert.equal(verdictOn(refused(503, 86_400), 1, 0).againMs, 60_000);
  assert.equal(verdictOn(refused(503), 2, 0).againMs, 1000, 'not told: as for a network that is away');
  assert.equal(verdictOn(refused(503, 7), 1, 0).hint, 'because');
});

test('500 is tried again, unhurried', () => {
  assert.equal(verdictOn(refused(500), 1, 0).againMs, 10_000);
  assert.equal(verdictOn(refused(500), 1, 0).hint, 'because');
  assert.equal(verdictOn(refused(502), 1, 0).againMs, 10_000);
});

test('a channel that is gone is not tried again', () => {
  for (const status of [404, 410, 401, 302]) assert.equal(verdictOn(refused(status), 1, 0).againMs, null);
});

test('a stream the browser cannot decode is given up after some tries', () => {
  const failure: Failure = {kind: 'undecodable', message: 'codec'};
  assert.notEqual(verdictOn(failure, 3, 0).againMs, null);
  assert.equal(verdictOn(failure, 4, 0).againMs, null);
  assert.equal(verdictOn(failure, 4, 0).hint, 'codec');
});

test('every verdict says something', () => {
  const failures: Failure[] = [{kind: 'away'}, {kind: 'ended'}, {kind: 'stalled'}, {kind: 'undecodable', message: ''},
    refused(404), refused(500), refused(503), refused(418)];
  for (const failure of failures) assert.match(verdictOn(failure, 1, 0.5).text, /^[A-Z].*\.$/);
});

test('Retry-After is seconds or a date', () => {
  assert.equal(retryAfterOf(null, 0), null);
  assert.equal(retryAfterOf('120', 0), 120);
  assert.equal(retryAfterOf('Thu, 01 Jan 1970 00:01:00 GMT', 30_500), 30);
  assert.equal(retryAfterOf('Thu, 01 Jan 1970 00:01:00 GMT', 90_000), 0);
  for (const header of ['', 'soon', '9999999999']) assert.equal(retryAfterOf(header, 0), null);
});
