// The sentence below a plot says neither more nor less than the plot shows.

import assert from 'node:assert/strict';
import test from 'node:test';
import { dayOf } from './clocks.mjs';
import { load } from './page.mjs';

const { DayAxis } = await load('axis.js');
const { summary } = await load('summary.js');

const STEP = 60;
const axis = new DayAxis(STEP);
const none = () => new Array(24).fill(null);
/** A day whose steps `[hour, value]` are known; over, unless `over` says how many steps of it are. */
const day = (usual, today, values = {}) => ({
  columns: [usual, today].map(known => known.reduce((column, [hour, value]) => { column[hour] = value; return column; }, none())),
  axis, step: STEP, days: usual.length ? 7 : 0, over: 24, ...values,
});
const all = value => none().map((_, hour) => [hour, value]);

for (const [sentence, kind, data, expected] of [
  ['a day without anything', 'c', day([], []), 'Today: no data.'],
  ['a day of which only the usual day is known', 'c', day(all(2), []), 'Today: no data; the usual day is the mean of 7 days.'],
  ['a steady counter', 'c', day(all(2), all(3)), 'Today 3 per minute on average, +50 % vs the usual day (mean of 7 days); highest 3 at 00:00.'],
  ['the first day', 'g', day([], all(3)), 'Today 3 on average, no usual day yet; highest 3 at 00:00.'],
  ['a usual day of one day', 'g', day(all(3), all(3), { days: 1 }),
    'Today 3 on average, ±0 % vs the usual day (mean of 1 day); highest 3 at 00:00.'],
  ['a timer', 'ms', day(all(100), [...all(100).slice(0, 23), [23, 1540]]),
    'Today 160 ms (median) on average, +60 % vs the usual day (mean of 7 days); highest 1.54 s at 23:00.'],
  ['a gauge below zero', 'g', day(all(-20), all(-10)), 'Today -10 on average, usually -20 (mean of 7 days); highest -10 at 00:00.'],
  ['a counter that usually counts nothing', 'c', day(all(0), all(3)),
    'Today 3 per minute on average, usually 0 (mean of 7 days); highest 3 at 00:00.'],
  ['a day that is not over', 'c', day(all(2), all(2).slice(0, 13), { over: 12 }),
    'Today 2 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 2 at 00:00.'],
  ['a day whose open step has nothing yet', 'c', day(all(2), all(2).slice(0, 12), { over: 12 }),
    'Today 2 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 2 at 00:00.'],
  // What comes once in six hours comes once in six hours, and is not six times the usual.
  ['a rare counter that is as usual', 'c', day(all(.01), [...all(0), [2, .06], [8, .06], [14, .06], [20, .06]]),
    'Today 0.01 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 0.06 at 02:00.'],
  ['a rare counter on its first day counts from its first sample on', 'c', day([], [[2, .06], [3, 0], [4, 0], [5, .06]], { over: 6 }),
    'Today 0.03 per minute on average, no usual day yet; highest 0.06 at 02:00.'],
  ['a counter that died at ten is not as usual at two', 'c', day(all(10), [...all(0).slice(0, 14), ...all(10).slice(0, 10)], { over: 14 }),
    'Today 7.14 per minute on average, −29 % vs the usual day (mean of 7 days); highest 10 at 00:00. Silent since 10:00.'],
  ['a rare counter that is silent for a while is not missed', 'c', day(all(.005), [...all(0), [2, .12]]),
    'Today 0.005 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 0.12 at 02:00.'],
  ['while the server was down nothing is known of a counter', 'c', day(all(10), all(10).slice(0, 10), { over: 14 }),
    'Today 10 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 10 at 00:00. No data since 10:00.'],
  ['what comes every third hour has no gaps', 'g', day([], [1, 4, 7, 10, 13, 22].map(hour => [hour, 1])),
    'Today 1 on average, no usual day yet; highest 1 at 01:00. No data 14:00–22:00.'],
  ['a timer that died at ten', 'ms', day(all(10), all(10).slice(0, 10), { over: 14 }),
    'Today 10 ms (median) on average, ±0 % vs the usual day (mean of 7 days); highest 10 ms at 00:00. No data since 10:00.'],
  ['a gauge that ends every day at ten', 'g', day(all(10).slice(0, 10), all(10).slice(0, 10), { over: 14 }),
    'Today 10 on average, ±0 % vs the usual day (mean of 7 days); highest 10 at 00:00.'],
  ['a statistic that began today', 'c', day([], all(10).slice(10, 14), { over: 14 }),
    'Today 10 per minute on average, no usual day yet; highest 10 at 10:00.'],
  ['a night in which nothing came', 'g', day(all(10), all(10).slice(6), {}),
    'Today 10 on average, ±0 % vs the usual day (mean of 7 days); highest 10 at 06:00. No data before 06:00.'],
  ['a first step without anything', 'g', day(all(10), all(10).slice(1)),
    'Today 10 on average, ±0 % vs the usual day (mean of 7 days); highest 10 at 01:00. No data before 01:00.'],
  ['a last step without anything', 'g', day(all(10), all(10).slice(0, 23)),
    'Today 10 on average, ±0 % vs the usual day (mean of 7 days); highest 10 at 00:00. No data since 23:00.'],
  ['an open step counts when it is over', 'c', day(all(2), [...all(2).slice(0, 3), [3, 6]], { over: 3 }),
    'Today 2 per minute on average, ±0 % vs the usual day (mean of 7 days); highest 6 at 03:00.'],
  ['an open step that is the first counts with what it has', 'c', day(all(2), [[0, 6]], { over: 0 }),
    'Today 6 per minute on average, +200 % vs the usual day (mean of 7 days); highest 6 at 00:00.'],
  ['three gaps', 'g', day([], [[0, 1], [2, 1], [4, 1], [6, 1]]),
    'Today 1 on average, no usual day yet; highest 1 at 00:00. No data 01:00–02:00, 03:00–04:00, 05:00–06:00.'],
  ['gaps', 'g', day([], [[0, 1], [2, 1], [3, 1], [7, 5], [8, 1]]),
    'Today 1.8 on average, no usual day yet; highest 5 at 07:00. No data 01:00–02:00, 04:00–07:00.'],
  ['many gaps', 'g', day([], [0, 1, 3, 4, 6, 7, 9, 10, 12].map(hour => [hour, 1])), 'Today 1 on average, no usual day yet; highest 1 at 00:00. 4 gaps.'],
  ['a gauge at zero has data', 'g', day([], [[0, 0], [1, 0], [2, 0]], { over: 3 }), 'Today 0 on average, no usual day yet; highest 0 at 00:00.'],
  ['one huge value', 'g', day([], [[5, 1e300]]), 'Today 1×10³⁰⁰ on average, no usual day yet; highest 1×10³⁰⁰ at 05:00.'],
]) {
  test(sentence, () => assert.equal(summary(kind, 'Today', data), expected));
}

test('on a day of 25 hours the gap and the highest step are named as the clocks showed them, and why', () => {
  const { clocks } = dayOf('Europe/Paris', '2026-10-25');
  const main = new Array(25).fill(1);
  main[2] = null;
  main[3] = 9;
  const data = { columns: [new Array(25).fill(null), main], axis: new DayAxis(60, clocks), step: 60, days: 0, over: 25 };
  assert.equal(summary('g', 'Sun 25 Oct', data), 'Sun 25 Oct 1.33 on average, no usual day yet; highest 9 at 02:00 again. '
    + 'No data 02:00–02:00 again. The clocks went back from 03:00 to 02:00.');
});
