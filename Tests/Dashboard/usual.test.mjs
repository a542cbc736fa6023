// Whether something is usual is said rightly where there is nothing to divide by, and what is unusual is never called usual.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY, load, NOON, statistic } from './page.mjs';

const { standing: compared, verdict } = await load('usual.js');

/** What is still usual: 15 % more or less, or half a one. */
const band = usual => ({ below: Math.abs(usual) * .15 || .5, above: Math.abs(usual) * .15 || .5 });
const standing = (stat, usual, time, was) =>
  compared(stat, usual == null ? usual : { now: usual, hour: usual, band: band(usual) }, time, undefined, was);

const hourOf = (value, isStale = false) => ({ last: Math.floor(NOON / 60), values: new Array(60).fill(value), version: 1, isStale });
/** An hour in which one came, some minutes ago. */
const hourAt = ago => ({ ...hourOf(null), values: new Array(60).fill(null).with(59 - ago, 1) });
/** A counter of some a minute, with as much in each of the minutes before. */
const counter = (perMinute, values = {}) => statistic('c', 'a.b', { avg: perMinute / 60, hour: hourOf(perMinute || null), ...values });
const gauge = (value, values = {}) => statistic('g', 'a.b', { value, avg: value, ...values });
const timer = (avg, values = {}) => statistic('ms', 'a.b', { value: avg, avg, ...values });
const silent = seconds => ({ seen: NOON - seconds });

for (const [sentence, stat, usual, words, look] of [
  ['what is asked for has no words yet', counter(100), undefined, '', 'unknown'],
  ['without a usual value nothing is compared', counter(100), null, 'no usual yet', 'unknown'],
  ['close to usual is as usual', counter(102), 100, 'as usual', 'usual'],
  ['a little off is said, and not unusual', counter(120), 100, '+20 % vs usual', 'usual'],
  ['a counter that has doubled is unusual', counter(200), 100, '+100 % vs usual', 'above'],
  ['a counter that has halved is unusual', counter(50), 100, '−50 % vs usual', 'below'],
  ['a gauge below one is compared as well', gauge(.8), .5, '+60 % vs usual', 'above'],
  ['a counter that is nothing now is unusual', counter(0, { seen: NOON - 120 }), 100, '−100 % vs usual', 'below'],
  ['four instead of two in one minute is chance: five minutes say it', counter(4, { hour: hourOf(2) }), 2, 'as usual', 'usual'],
  ['a rare counter that is silent in this minute has not ended', counter(0, { hour: hourOf(2), seen: NOON - 90 }), 2, 'as usual', 'usual'],
  ['a rare counter that has grown says over how many minutes', counter(2, { hour: hourOf(4) }), 2, '+100 % vs usual (5 min)', 'above'],
  ['a very rare counter is counted over the hour', counter(0, { hour: hourAt(20), seen: NOON - 90 }), .05, '1 in 1 h, usually 3', 'usual'],
  ['of a rare counter whose hour is not there yet nothing is said', counter(0, { hour: null, seen: NOON - 90 }), .05, '', 'unknown'],
  ['of a rare counter one minute says it when it is no chance', counter(50, { hour: hourOf(null) }), .05, '×1,000 vs usual', 'above'],
  ['errors where usually there are none are unusual', counter(50), 0, 'usually none', 'above'],
  ['one error where usually there are none is chance', counter(1, { hour: hourOf(null) }), 0, 'usually none', 'off'],
  ['none where usually there are none is as usual', counter(0), 0, 'as usual', 'usual'],
  ['a gauge far above its usual value is unusual', gauge(30), 10, '+200 % vs usual', 'above'],
  ['a queue that is usually empty and is not is unusual', gauge(120), 0, 'usually 0', 'above'],
  ['a queue that is empty as usual is as usual', gauge(0), 0, 'as usual', 'usual'],
  ['a gauge below zero that is as usual is as usual', gauge(-20), -20.5, 'as usual', 'usual'],
  ['a gauge below zero that has risen is above, and has no percentage', gauge(-5), -20, 'usually -20', 'above'],
  ['a gauge below zero that has fallen is below', gauge(-40), -20, 'usually -20', 'below'],
  ['a gauge that went below zero is below', gauge(-5), 10, '−150 % vs usual', 'below'],
  ['a gauge keeps its value while it is silent for a while', gauge(10, silent(200)), 10, 'as usual', 'usual'],
  ['a slow timer is unusual', timer(900), 100, '+800 % vs usual', 'above'],
  ['a timer of which nothing came in the last minute is not compared', timer(900, silent(100)), 100, 'usually 100 ms', 'unknown'],
  ['a busy counter that is silent is missed', counter(0, silent(400)), 100, 'usually 100', 'missed'],
  ['a rare counter that is silent is not missed at once', counter(0, silent(400)), 0.5, 'usually 0.5', 'unknown'],
  ['but when seven should have come', counter(0, silent(900)), 0.5, 'usually 0.5', 'missed'],
  ['a counter of which usually nothing comes is never missed', counter(0, silent(DAY)), 0, 'usually none', 'unknown'],
  ['a gauge that is silent is missed, whatever it usually is', gauge(0, silent(400)), 0, 'usually 0', 'missed'],
  ['a gauge below zero that is silent is missed', gauge(-3, silent(400)), -3, 'usually -3', 'missed'],
  ['what was never heard of is not missed', counter(0, { seen: 0 }), 100, 'usually 100', 'unknown'],
]) {
  test(sentence, () => {
    const found = standing(stat, usual, NOON);
    assert.equal(found.words, words);
    assert.equal(look, !found.isCompared ? 'unknown' : found.isUnusual ? found.isSilent ? 'missed' : found.isAbove ? 'above' : 'below'
      : found.isClose ? 'usual' : 'off');
  });
}

test('without a band nothing is unusual, however far it is off', () => {
  for (const stat of [gauge(900), counter(50, { hour: hourOf(50) }), timer(900)]) {
    assert.equal(compared(stat, { now: 10, hour: 10 }, NOON).isUnusual, false);
  }
});

test('what is around the limit keeps its verdict', () => {
  // The band is 85 to 115: from 130 on it is unusual, and from 115 down not any more.
  const verdicts = [];
  let was = false;
  for (const value of [110, 128, 131, 128, 132, 120, 131, 116, 114, 120, 129]) {
    was = standing(gauge(value), 100, NOON, was).isUnusual;
    verdicts.push(was);
  }
  assert.deepEqual(verdicts, [false, false, true, true, true, true, true, true, false, false, false]);
});

test('chance in a minute is not chance in five', () => {
  assert.equal(standing(counter(4), 2.5, NOON).isUnusual, false);
  assert.equal(standing(counter(6), 2.5, NOON).isUnusual, true);
  // Only this minute is known of a statistic whose hour is not there, or is not true any more.
  assert.equal(standing(counter(6, { hour: null }), 2.5, NOON).isUnusual, false);
  assert.equal(standing(counter(6, { hour: hourOf(6, true) }), 2.5, NOON).isUnusual, false);
});

const of = (...cases) => verdict(cases.map(([name, stat, usual]) => ({ name, standing: standing(stat, usual, NOON) })));

test('the verdict is over what can be compared, and over nothing it is nothing', () => {
  assert.deepEqual(of(), { isUnusual: false, text: '' });
  assert.deepEqual(of(['a', counter(5), null], ['b', counter(5), undefined]), { isUnusual: false, text: '' });
  assert.deepEqual(of(['a', counter(5), null], ['b', counter(5), 5]), { isUnusual: false, text: 'All as usual.' });
});

test('what is farthest from usual is named first, and no more than three', () => {
  const found = of(['little', gauge(14), 10], ['silent', gauge(1, silent(400)), 10], ['more', gauge(40), 10], ['errors', counter(50), 0],
    ['same', gauge(10), 10], ['negative', gauge(-1), 10]);
  assert.deepEqual(found, { isUnusual: true, text: 'Unusual: errors is 50, usually none, silent is silent, negative −110 % and 2 more' });
});

test('three are all named, and a gauge below zero by its value', () => {
  const found = of(['a', gauge(20), 10], ['b', gauge(.8), .5], ['c', gauge(-5), -20]);
  assert.equal(found.text, 'Unusual: c is -5, usually -20, a +100 %, b +60 %');
});

test('a gauge on the other side of zero does not disturb the order of the others', () => {
  const names = [];
  for (let first = 0; first < 4; first++) {
    const cases = [['a', gauge(20), 10], ['b', gauge(-20), 10], ['c', gauge(40), 10], ['d', gauge(13.5), 10]];
    names.push(of(...cases.slice(first), ...cases.slice(0, first)).text);
  }
  assert.equal(new Set(names).size, 1);
  assert.equal(names[0], 'Unusual: b −300 %, c +300 %, a +100 % and 1 more');
});
