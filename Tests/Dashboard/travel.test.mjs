// A moment that is over is one that the server can tell of, in the words of the zone; and what was then says nothing of now.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY, HOUR, load, MINUTE, NOON, serve, setClock, settled, statistic } from './page.mjs';

const { instantOfDay, momentWords, within } = await load('travel.js');
const { goTo, isPast, now, present, Statistics } = await load('statistics.js');
const { Sparklines } = await load('sparklines.js');
const { loadDay } = await load('days.js');

/** Does something as of a moment. */
async function asOf(moment, work) {
  goTo(moment);
  try { return await work(); } finally { goTo(null); }
}

for (const [sentence, at, expected] of [
  ['a moment is a whole minute', NOON - HOUR + 59, NOON - HOUR],
  ['the minute that has just begun is the last that is over', NOON + 5, NOON],
  ['none is to come', NOON + DAY, NOON],
  ['none is further back than the server looks', NOON - 500 * DAY, NOON - 400 * DAY],
  ['and however far back one goes', -Infinity, NOON - 400 * DAY],
]) {
  test(sentence, () => assert.equal(within(at, NOON + 10), expected));
}

test('a moment is said as clocks of the zone show it', () => {
  assert.equal(momentWords(NOON, 'UTC'), 'Sun, 29 Nov 2026, 12:00');
  assert.equal(momentWords(NOON, 'Asia/Kolkata'), 'Sun, 29 Nov 2026, 17:30');
});

for (const [zone, day, minute, expected] of [
  ['UTC', '2026-11-29', 720, NOON],
  ['Europe/Paris', '2026-11-29', 780, NOON],
  // The day on which clocks are set back has an hour more.
  ['Europe/Paris', '2026-10-25', 0, Date.UTC(2026, 9, 24, 22) / 1000],
  ['Europe/Paris', '2026-10-25', 1439, Date.UTC(2026, 9, 25, 22, 59) / 1000],
  ['Asia/Kolkata', '2026-11-29', 30, Date.UTC(2026, 10, 28, 19) / 1000],
]) {
  test(`minute ${minute} of ${day} in ${zone} is when its clocks show it`, () => assert.equal(instantOfDay(day, minute, zone), expected));
}

test('at a moment that is over the page’s clock stands, and that of the server goes on', async () => {
  setClock(NOON);
  assert.equal(isPast(), false);
  await asOf(NOON - DAY, () => {
    assert.deepEqual([isPast(), now(), present()], [true, NOON - DAY, NOON]);
    // What was then does not set the clock.
    new Statistics().apply({ at: NOON - DAY, step: 1, c: [], g: [], ms: [] });
    assert.equal(present(), NOON);
    new Statistics().apply({ at: NOON + 7, c: [], g: [], ms: [] });
    assert.equal(present(), NOON + 7);
  });
  assert.equal(now(), NOON + 7);
  new Statistics().apply({ at: NOON, c: [], g: [], ms: [] });
});

test('the last hour of a row ends at the moment', async () => {
  setClock(NOON + DAY);
  const stat = statistic('c', 'a.b');
  const paths = serve(() => ({ points: [{ at: NOON - MINUTE, sum: 4, cnt: 2 }] }));
  await asOf(NOON, async () => { new Sparklines(() => true, () => {}).want(stat); await settled(); });
  assert.deepEqual(paths, [`/api/v1/series/c/a.b?step=1&from=${NOON - 59 * MINUTE}&to=${NOON}`]);
  assert.deepEqual(stat.hour.values.flatMap((value, i) => value == null ? [] : [[i, value]]), [[58, 4]]);
});

test('a day knows nothing of what came after the moment, nor of a step that was not over', async () => {
  setClock(NOON + DAY);
  const today = [700, 705, 715, 720, 725].map(minute => ({ minute, at: NOON + (minute - 720) * MINUTE, sum: 10, cnt: 1 }));
  const band = [705, 725].map(minute => ({ minute, usual: 10, low: 5, high: 15, basis: 'days', score: 3 }));
  serve(() => ({ clocks: [], today, usual: [], band, silent: [{ from: 600, to: 1440 }] }));
  const stat = statistic('c', 'a.b');
  const load = () => loadDay(stat, { day: '2026-11-29', zone: 'UTC', step: 5 });
  const then = await asOf(NOON + 3 * MINUTE, load);
  const known = ({ columns: [, main] }) => main.flatMap((value, i) => value == null ? [] : [i * 5]);
  assert.equal(known(then).at(-1), 715);
  assert.equal(then.over, 144);
  assert.deepEqual([then.band[141].score, then.band[145].score], [3, null]);
  assert.equal(known(await load()).at(-1), 1435);
});
