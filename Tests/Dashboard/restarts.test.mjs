// A restart stands where it happened, on the plots that it may explain.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, MINUTE, NOON } from './page.mjs';

const { placed, restartsOf, restartWords } = await load('restarts.js');
const { DayAxis } = await load('axis.js');

const programs = [
  { name: 'api', restarts: [NOON - 10 * MINUTE, NOON] }, { name: 'api.v2', restarts: [NOON - 5 * MINUTE] }, { name: 'quiet', restarts: [] },
];
const names = path => restartsOf(path, programs).map(({ name }) => name).join(' ');

test('a path that begins with the name of a program has its restarts, those of the longest name', () => {
  assert.equal(names('api.requests'), 'api api');
  assert.equal(names('api.v2.requests'), 'api.v2');
  assert.equal(names('quiet.requests'), '');
});

test('any other path has those of all, in the order of time', () => {
  assert.equal(names('apis.requests'), 'api api.v2 api');
  assert.equal(names('api'), 'api api.v2 api');
  assert.equal(restartsOf('x', []).length, 0);
  // As a server of before would tell it.
  assert.equal(restartsOf('x', [{ name: 'api' }]).length, 0);
});

test('a restart is placed by the minute of its day, and not on another day', () => {
  const at = [NOON - 86400, NOON, NOON + 90, NOON + 86400].map(at => ({ name: 'api', at }));
  const places = (step, day, zone) => placed(at, { axis: new DayAxis(step), day }, zone).map(({ place }) => place);
  assert.deepEqual(places(1, '2026-11-29', 'UTC'), [720, 721.5]);
  assert.deepEqual(places(60, '2026-11-29', 'UTC'), [720, 721.5]);
  assert.deepEqual(places(60, '2026-11-29', 'Asia/Kolkata'), [1050, 1051.5]);
  assert.deepEqual(places(60, '2026-11-25', 'UTC'), []);
});

test('in the hour that clocks show twice, each time has its place', () => {
  const day = '2026-10-25';
  const change = Date.UTC(2026, 9, 25, 1) / 1000;
  const axis = new DayAxis(30, [{ at: change, from: 180, to: 120 }]);
  const at = [change - 1800, change + 1800, change + 3600].map(at => ({ name: 'api', at }));
  assert.deepEqual(placed(at, { axis, day }, 'Europe/Paris').map(({ place }) => axis.time(place)), ['02:30', '02:30 again', '03:00']);
});

test('of more marks than a plot has room for the latest are shown', () => {
  const at = Array.from({ length: 1000 }, (_, i) => ({ name: 'api', at: NOON + i }));
  const places = placed(at, { axis: new DayAxis(1), day: '2026-11-29' }, 'UTC').map(({ place }) => place);
  assert.equal(places.length, 200);
  assert.equal(places.at(-1), 720 + 999 / 60);
});

test('what restarted last is said first, many times and many programs are counted', () => {
  const axis = new DayAxis(1);
  const marks = (...all) => all.map(([name, place]) => ({ name, place })).sort((a, b) => a.place - b.place);
  for (const [expected, ...all] of [
    [''],
    ['api restarted at 02:41', ['api', 161]],
    ['b restarted at 02:42; a restarted at 02:40 and 02:41', ['a', 160], ['a', 161], ['b', 162]],
    ['a restarted at 00:01, 00:02 and 00:03', ['a', 1], ['a', 2], ['a', 3]],
    ['a restarted 4 times, last at 00:04', ['a', 1], ['a', 2], ['a', 3], ['a', 4]],
    ['d restarted at 00:04; c restarted at 00:03; b restarted at 00:02; 1 other program restarted, too', ['a', 1], ['b', 2], ['c', 3], ['d', 4]],
    ['e restarted at 00:05; d restarted at 00:04; c restarted at 00:03; 2 other programs restarted, too', ['a', 1], ['b', 2], ['c', 3], ['d', 4], ['e', 5]],
  ]) assert.equal(restartWords(marks(...all), axis), expected);
});
