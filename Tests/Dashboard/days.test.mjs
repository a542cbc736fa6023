// A day as the API tells it becomes the columns of a plot: nothing is moved, made up or divided by a time that has not passed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { dayOf } from './clocks.mjs';
import { DAY, HOUR, load, MINUTE, NOON, serve, setClock, settled, statistic } from './page.mjs';

const { COLUMNS, loadDay, rowsOf, UsualNow } = await load('days.js');

const TODAY = '2026-11-29';
const MIDNIGHT = NOON - 12 * HOUR;

const answer = ({ today = [], usual = [], clocks = [], silent, band = [] }) => ({ today, usual, clocks, silent, band });
/** A step of today as the API tells it. */
const point = (minute, values, midnight = MIDNIGHT) => ({ minute, at: midnight + minute * MINUTE, ...values });

async function loaded(kind, told, { day = TODAY, zone = 'UTC', step = 5, time = NOON } = {}) {
  setClock(time);
  serve(() => answer(told));
  return loadDay(statistic(kind, 'a.b'), { day, zone, step });
}

test('a question names the statistic, the day, the zone and the step, and escapes what addresses do not take', async () => {
  const asked = serve(() => answer({}));
  await loadDay(statistic('c', 'a:b!c'), { day: TODAY, zone: 'Etc/GMT+5', step: 15 });
  assert.deepEqual(asked, ['/api/v1/day/c/a%3Ab!c?date=2026-11-29&tz=Etc%2FGMT%2B5&step=15']);
});

test('a day without anything has empty columns for every step', async () => {
  for (const kind of ['c', 'g', 'ms']) {
    const data = await loaded(kind, {}, { step: 60 });
    assert.deepEqual(data.columns, COLUMNS[kind].map(() => new Array(24).fill(null)));
    assert.deepEqual([data.days, data.open], [0, null]);
    assert.deepEqual(rowsOf(data)[23], [1380, ...COLUMNS[kind].map(() => null)]);
  }
});

test('a counter is a rate per minute, over what has passed of the step that is not over', async () => {
  const told = { today: [point(600, { sum: 50, cnt: 50 }), point(720, { sum: 20, cnt: 20 })], usual: [{ minute: 600, sum: 25, cnt: 25, minutes: 5, days: 7 }] };
  const data = await loaded('c', told, { time: NOON + 2.5 * MINUTE });
  assert.equal(data.columns[1][120], 10);
  assert.equal(data.columns[0][120], 5);
  assert.equal(data.columns[1][144], 8);
  assert.deepEqual([data.open, data.over, data.days], [144, 144, 7]);
});

test('a counter that was silent while the server was up counted zero, and nothing is known of when it was down', async () => {
  const told = {
    today: [point(600, { sum: 50, cnt: 50 })], usual: [{ minute: 600, sum: 25, cnt: 25, minutes: 5, days: 7 }],
    silent: [{ from: 0, to: 300 }, { from: 360, to: 600 }, { from: 605, to: 725 }],
  };
  const [, main] = (await loaded('c', told, { step: 60, time: NOON + 2 * MINUTE })).columns;
  assert.deepEqual(main.slice(0, 13), [0, 0, 0, 0, 0, null, 0, 0, 0, 0, 50 / 60, 0, null]);
  assert.ok(main.slice(13).every(value => value === null));
});

test('before its first day a counter was not silent: it was not there', async () => {
  const told = { today: [point(600, { sum: 60, cnt: 60 })], silent: [{ from: 0, to: 600 }, { from: 660, to: 720 }] };
  const [, main] = (await loaded('c', told, { step: 60 })).columns;
  assert.deepEqual(main.slice(8, 13), [null, null, 1, 0, null]);
});

test('a rate over a few seconds is not shown, unless there is nothing else', async () => {
  const now = point(720, { sum: 3, cnt: 3 });
  const both = await loaded('c', { today: [point(600, { sum: 50, cnt: 50 }), now] }, { time: NOON + 20 });
  assert.deepEqual([both.columns[1][144], both.open], [null, null]);
  const alone = await loaded('c', { today: [now] }, { time: NOON + 20 });
  // As if a minute had passed.
  assert.deepEqual([alone.columns[1][144], alone.open], [3, 144]);
});

test('a step that seems to lie ahead, by a clock that was set back, is over', async () => {
  const data = await loaded('c', { today: [point(780, { sum: 50, cnt: 50 })] });
  assert.equal(data.columns[1][156], 10);
  assert.equal(data.open, null);
});

test('a gauge is its mean with its extremes, at zero and below it, too', async () => {
  const told = { today: [point(0, { sum: 0, cnt: 4, min: -3, max: 3 }), point(5, { sum: -10, cnt: 4, min: -5, max: 0 })] };
  const { columns } = await loaded('g', told);
  assert.deepEqual(columns.map(column => column.slice(0, 3)), [[null, null, null], [0, -2.5, null], [-3, -5, null], [3, 0, null]]);
});

test('a single sample is a mean, and a minute is enough for a rate', async () => {
  const gauge = await loaded('g', { today: [point(0, { sum: 7, cnt: 1, min: 7, max: 7 })], usual: [{ minute: 0, sum: 3.5, cnt: .5, days: 1 }] });
  assert.deepEqual(gauge.columns.map(column => column[0]), [7, 7, 7, 7]);
  const timer = await loaded('ms', { today: [point(0, { sum: 7, cnt: 1, min: 7, max: 7, top: 7, p50: null, p95: null, p99: null })] });
  assert.deepEqual(timer.rough[1], new Set([0]));
  const told = { today: [point(600, { sum: 5, cnt: 5 }), point(720, { sum: 9, cnt: 9 })] };
  assert.equal((await loaded('c', told, { time: NOON + MINUTE })).columns[1][144], 9);
  assert.equal((await loaded('c', told, { time: NOON + 90 })).columns[1][144], 6);
});

test('a timer without percentiles shows mean and top instead, and they are known to be rough', async () => {
  const exact = { sum: 400, cnt: 10, min: 11, max: 99, top: 70, p50: 30, p95: 80, p99: 95 };
  const rough = { ...exact, p50: null, p95: null, p99: null };
  const data = await loaded('ms', { today: [point(0, exact), point(5, rough)], usual: [{ minute: 0, ...rough, days: 1 }] });
  assert.deepEqual(data.columns.map(column => column.slice(0, 2)), [[40, null], [30, 40], [11, 11], [80, 70], [95, null], [99, 99]]);
  assert.deepEqual(data.rough, [new Set([0]), new Set([1])]);
});

test('a percentile of zero is known', async () => {
  const data = await loaded('ms', { today: [point(0, { sum: 5, cnt: 10, min: 0, max: 5, top: 5, p50: 0, p95: 0, p99: 0 })] });
  assert.deepEqual(data.columns.map(column => column[0]), [null, 0, 0, 0, 0, 5]);
  assert.equal(data.rough[1].size, 0);
});

test('the hour that comes twice has two places, and usually one value for both', async () => {
  const zone = 'Europe/Paris';
  const { minutes, clocks } = dayOf(zone, '2026-10-25');
  const today = minutes.filter(({ minute }) => minute % 60 === 0)
    .map(({ at, minute, isRepeated }, i) => ({ at, minute, sum: i * 60, cnt: 1, ...isRepeated && { repeated: true } }));
  const usual = [{ minute: 120, sum: 6, cnt: 6, minutes: 60, days: 7 }];
  const data = await loaded('c', { today, usual, clocks }, { day: '2026-10-25', zone, step: 60 });
  assert.deepEqual(data.columns[1], [...today.keys()]);
  assert.deepEqual(data.columns[0].slice(1, 5), [null, .1, .1, null]);
});

test('a step that clocks cut is a rate over what there is of it', async () => {
  const { clocks } = dayOf('Australia/Lord_Howe', '2026-10-04');
  const told = { today: [{ minute: 120, at: NOON, sum: 60, cnt: 60 }], clocks };
  const data = await loaded('c', told, { day: '2026-10-04', zone: 'Australia/Lord_Howe', step: 60, time: NOON + DAY });
  assert.equal(data.columns[1][2], 2);
});

test('how many steps are over follows the clock of the zone, and tells the hour that comes twice from the first', async () => {
  const over = async (told, options) => (await loaded('c', told, { step: 60, ...options })).over;
  assert.equal(await over({}, {}), 12);
  assert.equal(await over({}, { time: MIDNIGHT }), 0);
  assert.equal(await over({}, { time: MIDNIGHT + DAY - 1 }), 23);
  assert.equal(await over({}, { day: '2026-11-28' }), 24);
  assert.equal(await over({}, { day: '2026-11-30' }), 0);
  assert.equal(await over({}, { zone: 'Asia/Kolkata' }), 17);
  const zone = 'Europe/Paris';
  const { minutes, clocks } = dayOf(zone, '2026-10-25');
  for (const minute of [60, 119, 120, 179, 180, 239, 240, 299]) {
    assert.equal(await over({ clocks }, { day: '2026-10-25', zone, time: minutes[minute].at }), Math.floor(minute / 60));
  }
});

test('the usual value is asked for once a day, and that of the quarter of an hour is taken', async () => {
  setClock(NOON + 20 * MINUTE);
  const usual = [{ minute: 720, sum: 30, cnt: 30, minutes: 15, days: 7 }, { minute: 735, sum: 60, cnt: 60, minutes: 15, days: 7 }];
  const asked = serve(() => answer({ usual }));
  const known = new UsualNow();
  const stat = statistic('c', 'a.b');
  let told = 0;
  const at = (zone = 'UTC') => known.at(stat, zone, () => told++);
  assert.equal(at(), undefined);
  assert.equal(at(), undefined);
  await settled();
  assert.deepEqual([asked.length, told, at()], [1, 1, { now: 4, hour: 3 }]);
  setClock(NOON + 45 * MINUTE);
  assert.deepEqual(at(), { now: null, hour: 3 });
  // In another zone, and on another day, another time of the day is meant.
  assert.equal(at('Asia/Kolkata'), undefined);
  setClock(NOON + DAY);
  assert.equal(at(), undefined);
  await settled();
  assert.deepEqual(at(), { now: 2, hour: 2 });
});

test('a usual day that begins in the middle of a step has the rate of the minutes that it has', async () => {
  const usual = [{ minute: 720, sum: 28, cnt: 28, minutes: 7, days: 1 }, { minute: 735, sum: 60, cnt: 60, minutes: 15, days: 1 }];
  const [column] = (await loaded('c', { usual }, { step: 15 })).columns;
  assert.deepEqual(column.slice(48, 50), [4, 4]);
  const known = new UsualNow();
  known.at(statistic('c', 'begins.within'), 'UTC', () => {});
  await settled();
  assert.deepEqual(known.at(statistic('c', 'begins.within'), 'UTC', () => {}), { now: 4, hour: 4 });
});

test('the usual value of a gauge or a timer is a mean, and of zero it is zero', async () => {
  setClock(NOON);
  serve(path => answer({ usual: [{ minute: 720, sum: path.includes('/g/') ? -10 : 0, cnt: 4, minutes: 15, days: 7 }] }));
  const known = new UsualNow();
  for (const [kind, expected] of [['g', -2.5], ['ms', 0], ['c', 0]]) {
    const stat = statistic(kind, 'a.b');
    known.at(stat, 'UTC', () => {});
    await settled();
    assert.deepEqual(known.at(stat, 'UTC', () => {}), { now: expected, hour: expected });
  }
});

test('the band is a rate per minute for a counter, and null where it is not known', async () => {
  const band = [{ minute: 715, usual: 50, low: 40, high: 65, basis: 'days', score: -3.5 }, { minute: 720, usual: 50, low: 40, high: 65, basis: 'days' }];
  const counter = await loaded('c', { band });
  assert.deepEqual(counter.band.slice(142, 146), [null, { low: 8, high: 13, score: -3.5 }, { low: 8, high: 13, score: null }, null]);
  const gauge = await loaded('g', { band });
  assert.deepEqual(gauge.band[144], { low: 40, high: 65, score: null });
});

test('how far off is still usual comes from days only, and is wider for a minute of a counter than for a step', async () => {
  setClock(NOON);
  for (const [kind, basis, expected] of [['g', 'days', { below: 10, above: 15 }], ['c', 'days', { below: 10 / Math.sqrt(15), above: 15 / Math.sqrt(15) }],
    ['g', 'hours', undefined]]) {
    serve(() => ({ ...answer({ usual: [{ minute: 720, sum: 750, cnt: 15, days: 7 }] }), band: [{ minute: 720, usual: 50, low: 40, high: 65, basis }] }));
    const known = new UsualNow();
    known.at(statistic(kind, 'a.b'), 'UTC', () => {});
    await settled();
    assert.deepEqual(known.at(statistic(kind, 'a.b'), 'UTC', () => {}).band, expected);
  }
});
