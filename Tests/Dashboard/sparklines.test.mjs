// The last hour of a row has a minute in its place, a gap where nothing is known, and nothing that never was.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, MINUTE, NOON, serve, setClock, settled, statistic } from './page.mjs';

const { sparkPath, Sparklines, HEIGHT } = await load('sparklines.js');

const LAST = NOON / MINUTE;
const known = hour => hour.values.flatMap((value, i) => value == null ? [] : [[i, value]]);

async function asked(stat, points, time = NOON) {
  setClock(time);
  const paths = serve(() => ({ points }));
  const done = [];
  new Sparklines(() => true, stat => done.push(stat)).want(stat);
  await settled();
  assert.deepEqual(done, [stat]);
  return paths;
}

test('an hour is asked for by its first minute, and every point goes to its minute', async () => {
  const stat = statistic('c', 'a.b');
  const paths = await asked(stat, [{ at: NOON - 59 * MINUTE, sum: 4, cnt: 2 }, { at: NOON, sum: 9, cnt: 9 }], NOON + 30);
  assert.deepEqual(paths, [`/api/v1/series/c/a.b?step=1&from=${NOON - 59 * MINUTE}`]);
  assert.deepEqual(known(stat.hour), [[0, 4], [59, 9]]);
});

test('what lies outside of the hour is left out', async () => {
  const stat = statistic('g', 'a.b');
  await asked(stat, [{ at: NOON - 60 * MINUTE, sum: 1, cnt: 1 }, { at: NOON - MINUTE, sum: -6, cnt: 3 }, { at: NOON + MINUTE, sum: 1, cnt: 1 }]);
  assert.deepEqual(known(stat.hour), [[58, -2]]);
});

test('an hour is asked for once, and four at a time, what was seen last first, and not what nobody sees any more', async () => {
  setClock(NOON);
  const answers = [];
  const paths = serve(() => new Promise(resolve => answers.push(() => resolve({ points: [] }))));
  const stats = Array.from({ length: 8 }, (_, i) => statistic('c', `s${i}`));
  const sparklines = new Sparklines(stat => stat.path !== 's6', () => {});
  for (const stat of [...stats, ...stats]) sparklines.want(stat);
  await settled();
  const names = () => paths.map(path => path.match(/s\d/)[0]).join(' ');
  assert.equal(names(), 's0 s1 s2 s3');
  for (const answer of answers.splice(0)) answer();
  await settled();
  assert.equal(names(), 's0 s1 s2 s3 s7 s5 s4');
  for (const answer of answers.splice(0)) answer();
  await settled();
  assert.deepEqual(stats.filter(stat => !stat.hour).map(stat => stat.path), ['s6']);
});

test('after a failure it is asked for again, but not at once', async () => {
  const waits = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = work => waits.push(work);
  try {
    let isUp = false;
    const paths = serve(() => { if (!isUp) throw new Error('away'); return { points: [] }; });
    const stat = statistic('c', 'a.b');
    const sparklines = new Sparklines(() => true, () => {});
    sparklines.want(stat);
    await settled();
    sparklines.want(stat);
    await settled();
    assert.deepEqual([paths.length, waits.length, stat.hour], [1, 1, null]);
    isUp = true;
    waits[0]();
    sparklines.want(stat);
    await settled();
    assert.equal(stat.hour.values.length, 60);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
});

/** An hour that was known until noon, prolonged at some time. */
function prolonged(kind, values, { time = NOON + MINUTE, isConnected = true } = {}) {
  const stat = statistic(kind, 'a.b', { hour: { last: LAST, values: new Array(60).fill(1), version: 1 }, seen: time - 10, ...values });
  new Sparklines(() => true, () => {}).prolong([stat], time, isConnected);
  return stat.hour;
}

test('a minute that is over has its average, and the next one has nothing yet', () => {
  const hour = prolonged('c', { avg: 3 });
  assert.deepEqual(hour.values.slice(-3), [1, 180, null]);
  assert.deepEqual([hour.values.length, hour.last, hour.version, Boolean(hour.isStale)], [60, LAST + 1, 2, false]);
});

test('a gauge and a timer at zero have a value; a counter at zero, and what is silent, have none', () => {
  assert.deepEqual(prolonged('g', { avg: 0 }).values.slice(-2), [0, null]);
  assert.deepEqual(prolonged('ms', { avg: 0 }).values.slice(-2), [0, null]);
  assert.deepEqual(prolonged('c', { avg: 0 }).values.slice(-2), [null, null]);
  assert.deepEqual(prolonged('g', { avg: 5, seen: NOON - 1 }).values.slice(-2), [null, null]);
});

test('within the minute, and before it, nothing is prolonged', () => {
  assert.equal(prolonged('c', { avg: 3 }, { time: NOON + 59 }).version, 1);
  assert.equal(prolonged('c', { avg: 3 }, { time: NOON - 300 }).version, 1);
});

test('after minutes in which the page slept, or was not connected, the hour is asked for anew', async () => {
  const cases = [
    [{ time: NOON + MINUTE + 1 }, false], [{ time: NOON + MINUTE + 30 }, true], [{ time: NOON + 2 * MINUTE }, true],
    [{ time: NOON + MINUTE, isConnected: false }, true], [{ time: NOON + 500 * MINUTE }, true],
  ];
  for (const [how, isStale] of cases) {
    const hour = prolonged('c', { avg: 3 }, how);
    assert.equal(Boolean(hour.isStale), isStale, JSON.stringify(how));
    assert.equal(hour.values.length, 60);
    const stat = statistic('c', 'a.b', { hour });
    setClock(how.time);
    const paths = serve(() => ({ points: [] }));
    new Sparklines(() => true, () => {}).want(stat);
    await settled();
    assert.equal(paths.length, isStale ? 1 : 0);
    assert.ok(!stat.hour.isStale);
    assert.ok(!isStale || stat.hour.version > 2, 'what is shown is drawn again');
  }
});

test('counts are bars from zero, as high as they are', () => {
  assert.equal(sparkPath('c', [null, 2, null, 4]), 'M1.5 17V9.0M3.5 17V1.5');
  assert.equal(sparkPath('c', []), '');
  assert.equal(sparkPath('c', [null, null]), '');
});

test('a count of zero has no height, whatever the others have', () => {
  assert.equal(sparkPath('c', [0, 0]), 'M0.5 17V16.5M1.5 17V16.5');
  assert.equal(sparkPath('c', [0, 4]), 'M0.5 17V16.5M1.5 17V1.5');
});

test('counts below zero hang down from it', () => {
  assert.equal(sparkPath('c', [-4, 4]), 'M0.5 9.0V16.5M1.5 9.0V1.5');
  assert.equal(sparkPath('c', [-4, -2]), 'M0.5 1.5V16.5M1.5 1.5V9.0');
});

test('what is measured is a line, and a gap is a gap', () => {
  assert.equal(sparkPath('g', [1, 2, null, 3]), 'M-0.3 16.5h1.6L1.5 9.0M2.7 1.5h1.6');
  assert.equal(sparkPath('ms', [5, 5]), 'M-0.3 9.0h1.6L1.5 9.0');
  assert.equal(sparkPath('g', [0, -1e308, 1e308]).includes('NaN'), false);
});
