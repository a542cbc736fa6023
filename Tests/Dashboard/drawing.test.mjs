// A plot shows the values, at the times of the clock, and a line only where there is data.

import assert from 'node:assert/strict';
import test from 'node:test';
import { dayOf } from './clocks.mjs';
import { load } from './page.mjs';

const { COLUMNS } = await load('days.js');
const { DayAxis, reach } = await load('axis.js');
const { plotter, range, ticks, valueTicks } = await load('drawing.js');

const dataOf = (...columns) => ({ columns, step: 60 });
const close = ([low, high]) => [low, high].map(value => Number(value.toPrecision(6)));
const shown = (kind, data, window = [0, 1440]) => close(range(kind, COLUMNS[kind], data, window));

for (const [sentence, kind, data, expected] of [
  ['nothing has a range all the same', 'c', dataOf([], []), [0, 1]],
  ['nor do gaps take it away', 'c', dataOf([null, null], [null, null]), [0, 1]],
  ['counts stand on zero', 'c', dataOf([5, 6], [10, 9]), [0, 11]],
  ['zeros are seen as zeros', 'c', dataOf([0], [0]), [0, 1]],
  ['a usual day that is higher is seen whole', 'c', dataOf([50], [10]), [0, 55]],
  ['counts below zero are seen', 'c', dataOf([null], [-10]), [-11, 0]],
  ['a gauge that hardly moves is seen closely', 'g', dataOf([100], [101], [99], [102]), [98.55, 102.45]],
  ['one that does not move at all, too', 'g', dataOf([null], [100], [100], [100]), [85, 115]],
  ['one that moves stands on zero', 'g', dataOf([10], [100], [5], [110]), [0, 121]],
  ['a gauge on both sides of zero is seen whole', 'g', dataOf([0], [5], [-10], [10]), [-11, 11]],
  ['the slowest samples of a timer do not flatten the others', 'ms', dataOf([10], [10], [1], [20], [25], [9000]), [0, 35.2]],
  ['a timer of which only the highest is known is seen', 'ms', dataOf([null], [null], [null], [null], [null], [50]), [0, 55]],
  ['tiny values fill the plot, too', 'c', dataOf([1e-9], [2e-9]), [0, 2.2e-9]],
]) {
  test(sentence, () => assert.deepEqual(shown(kind, data), expected));
}

test('only what is seen counts for the range, and the step into which the window cuts', () => {
  const data = dataOf([null, null, null, null], [1000, 5, 7, 2000]);
  assert.deepEqual(shown('c', data, [100, 130]), [0, 7.7]);
  assert.deepEqual(shown('c', data, [120, 180]), [0, 2200]);
});

const labels = (unit, low, high, pixels = 190) => valueTicks(unit, low, high, pixels).map(({ label }) => label).join(', ');

test('the ticks of values are round in the unit in which they are read, and no two are the same', () => {
  assert.equal(labels('ms', 0, 8.8e7), '0, 5 h, 10 h, 15 h, 20 h');
  assert.equal(labels('ms', 0, 110), '0, 25 ms, 50 ms, 75 ms, 100 ms');
  assert.equal(labels('number', 0, .44), '0, 0.1, 0.2, 0.3, 0.4');
  assert.equal(labels('number', 0, 11), '0, 2.5, 5.0, 7.5, 10.0');
  assert.equal(labels('bytes', 8.09e9, 8.31e9), '8.10 GB, 8.15 GB, 8.20 GB, 8.25 GB, 8.30 GB');
  assert.equal(labels('number', 1000001, 1000009), '1.000002 M, 1.000004 M, 1.000006 M, 1.000008 M');
  assert.equal(labels('number', -11, 0), '-10.0, -7.5, -5.0, -2.5, 0');
  assert.equal(labels('%', 0, 100, 80), '0, 50 %, 100 %');
  for (const high of [1e300, 1e18, 1e-300, 1e-9]) {
    const all = valueTicks('number', 0, high, 190);
    assert.ok(all.length > 0 && all.length < 20 && all.every(({ label }) => label.length < 14), `${high}: ${JSON.stringify(all)}`);
  }
});

test('what comes every half hour has no gaps of half an hour, and what comes every step has each', () => {
  assert.ok(reach([0, 30, 60, 90, 120]) >= 30 && reach([0, 30, 60, 90, 120]) < 60);
  assert.ok(reach([0, 5, 10, 15, 45, 50]) < 10);
  // A few tell nothing.
  assert.equal(reach([0, 500, 1000]), 0);
  assert.equal(reach([]), 0);
});

const times = (axis, from, to, pixels) => ticks(axis, from, to, pixels).map(({ v, label }) => `${v} ${label}`.trim()).join(', ');

test('ticks are at round times, more of them in a wider plot or a closer look', () => {
  const axis = new DayAxis(5);
  assert.equal(times(axis, 0, 1440, 500), '0, 240 04:00, 480 08:00, 720 12:00, 960 16:00, 1200 20:00, 1440 24:00');
  assert.equal(times(axis, 0, 1440, 10), '0, 720 12:00, 1440 24:00');
  assert.equal(times(axis, 541.5, 600, 500), '550 09:10, 560 09:20, 570 09:30, 580 09:40, 590 09:50, 600 10:00');
});

test('ticks follow the clocks that are set, and do not come twice where it would be too close', () => {
  const back = new DayAxis(60, dayOf('Europe/Paris', '2026-10-25').clocks);
  assert.equal(times(back, 0, 1500, 1600), '0, 60 01:00, 120 02:00, 180 02:00, 240 03:00'
    + Array.from({ length: 21 }, (_, i) => `, ${300 + i * 60} ${String(i + 4).padStart(2, '0')}:00`).join(''));
  const forward = new DayAxis(60, dayOf('Europe/Paris', '2026-03-29').clocks);
  assert.match(times(forward, 0, 600, 700), /^0, 60 01:00, 120 03:00, 180 04:00/);
});

/** What a plotter draws: the points of each path that is stroked. */
function strokes(kind, columns) {
  const names = COLUMNS[kind];
  const found = [];
  let path = [];
  const context = new Proxy({}, {
    get: (_, name) => (...args) => {
      if (name === 'beginPath') path = [];
      else if (name === 'moveTo' || name === 'lineTo') path.push(args[0]);
      else if (name === 'arc') path.push(args[0], 'dot');
      else if (name === 'stroke') found.push(path.join(' '));
      else if (name === 'fill' && path.at(-1) === 'dot') found.push(path.join(' '));
    },
    set: () => true,
  });
  plotter(kind, names, {}, new DayAxis(60))({
    drawingContext: context, seriesIndex: 0, plotArea: { x: 0, y: 0, w: 100, h: 100 }, dygraph: {},
    allSeriesPoints: columns.map(column => column.map((value, i) => ({ xval: i, yval: value, canvasx: i, canvasy: value ?? NaN }))),
  });
  return found;
}

test('a line does not bridge a gap, and a value alone is a dot', () => {
  assert.deepEqual(strokes('c', [[null, null, null, null, null], [1, 2, null, 0, null]]), ['0 1', '3 dot']);
});

test('a zero is a value', () => {
  assert.deepEqual(strokes('c', [[0, 0, 0], [0, 0, 0]]), ['0 1 2', '0 1 2']);
});
