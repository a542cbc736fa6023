// The places on a plot are the minutes of a day in the order of time, on the days on which clocks are set, too.

import assert from 'node:assert/strict';
import test from 'node:test';
import { dayOf } from './clocks.mjs';
import { load } from './page.mjs';

const { DayAxis } = await load('axis.js');
const STEPS = [5, 10, 15, 30, 60];

const DAYS = [
  ['a usual day', 'Europe/Paris', '2026-11-29', 1440],
  ['a day of 25 hours', 'Europe/Paris', '2026-10-25', 1500],
  ['a day of 23 hours', 'Europe/Paris', '2026-03-29', 1380],
  ['a day of 25 hours in America', 'America/New_York', '2026-11-01', 1500],
  ['a day with half an hour more', 'Australia/Lord_Howe', '2026-04-05', 1470],
  ['a day with half an hour less', 'Australia/Lord_Howe', '2026-10-04', 1410],
  ['a day whose clocks go from midnight to one', 'Asia/Beirut', '2026-03-29', 1380],
  ['a day whose last hour comes twice', 'America/Sao_Paulo', '2018-02-17', 1500],
  ['a day with two hours more', 'Antarctica/Troll', '2026-10-25', 1560],
  ['a day whose clocks go back before midnight', 'America/St_Johns', '2010-11-06', 1499],
];

for (const [sentence, zone, day, length] of DAYS) {
  const { minutes, clocks } = dayOf(zone, day);

  test(`${sentence} has every minute in one step (${zone})`, () => {
    assert.equal(minutes.length, length);
    for (const step of STEPS) {
      const axis = new DayAxis(step, clocks);
      const counted = axis.steps.map(() => 0);
      for (const { minute, isRepeated } of minutes) {
        const index = axis.index(Math.floor(minute / step) * step, isRepeated);
        assert.ok(index >= 0, `${minute} of step ${step}`);
        counted[index]++;
      }
      assert.deepEqual(axis.steps.map(step => step.minutes), counted, `step ${step}`);
    }
  });

  test(`${sentence} has its steps in the order of time (${zone})`, () => {
    for (const step of STEPS) {
      const axis = new DayAxis(step, clocks);
      const places = minutes.map(({ minute, isRepeated }) => axis.index(Math.floor(minute / step) * step, isRepeated));
      assert.deepEqual(places, [...places].sort((a, b) => a - b), `step ${step}`);
    }
  });
}

test('a usual day has no steps but those of the clock, and no words about clocks', () => {
  const axis = new DayAxis(15);
  assert.equal(axis.steps.length, 96);
  assert.equal(axis.length, 1440);
  assert.deepEqual(axis.repeated, []);
  assert.equal(axis.words, '');
  assert.equal(axis.time(1425), '23:45');
});

test('a day that a zone leaves out has an axis all the same', () => {
  assert.equal(new DayAxis(60, [{ from: 0, to: 1440 }]).length, 1440);
});

test('the hour that comes twice is named again, and its places are one run', () => {
  const axis = new DayAxis(15, dayOf('Europe/Paris', '2026-10-25').clocks);
  assert.equal(axis.time(120), '02:00');
  assert.equal(axis.time(180), '02:00 again');
  assert.equal(axis.time(235), '02:55 again');
  assert.equal(axis.time(240), '03:00');
  assert.deepEqual(axis.repeated, [[180, 240]]);
  assert.equal(axis.words, 'The clocks went back from 03:00 to 02:00.');
});

test('a step that the day does not have is nowhere', () => {
  const axis = new DayAxis(60, [{ from: 120, to: 180 }]);
  assert.equal(axis.index(120), -1);
  assert.equal(axis.index(60, true), -1);
  assert.equal(axis.index(180), 2);
  assert.equal(axis.words, 'The clocks went forward from 02:00 to 03:00.');
});

test('places beyond the ends are those at the ends', () => {
  const axis = new DayAxis(60);
  assert.equal(axis.wall(-5), -5);
  assert.equal(axis.wall(1440), 1440);
  assert.equal(axis.time(1439), '23:59');
});

test('a part of a day lies in it, and keeps its width where it can', () => {
  const axis = new DayAxis(60);
  for (const [part, expected] of [
    [[540, 720], [540, 720]], [[-60, 120], [0, 180]], [[1400, 1500], [1340, 1440]], [[-100, 3000], [0, 1440]], [[700, 702], [700, 715]],
    [[1439, 1440], [1425, 1440]], [[0, 1440], [0, 1440]],
  ]) assert.deepEqual(axis.part(part, 15), expected, `${part}`);
  assert.deepEqual(axis.part([100, 105]), [100, 105]);
  // A zoom of a longer day than this one.
  assert.deepEqual(new DayAxis(60, [{ from: 120, to: 180 }]).part([1380, 1500]), [1260, 1380]);
});
