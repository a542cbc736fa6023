// What else moved: which stretch is meant, what is wrong with one, and how a row is read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { HOUR, load, MINUTE, NOON } from './page.mjs';

const { addressAround, readPlot } = await load('exploreaddress.js');
const { directionOf, figureOf, ordered, problemOf, rowWords, sinceWords, suggested, valueWords, wholeMinutes } = await load('exploremoved.js');

const row = (values = {}) => ({
  typ: 'c', pth: 'shop.errors', figure: 'per-minute', change: 'moved', score: 7.3, before: 2, after: 5, ratio: 2.5, began: NOON, ended: null, earlier: false, values: [], ...values,
});

test('a stretch has whole minutes that are over', () => {
  assert.deepEqual(wholeMinutes({ from: NOON + 59, to: NOON + 61 }, NOON + HOUR), { from: NOON, to: NOON + 2 * MINUTE });
  assert.deepEqual(wholeMinutes({ from: NOON, to: NOON + HOUR }, NOON + 90), { from: NOON, to: NOON + MINUTE });
});

test('what is wrong with a stretch is said', () => {
  const of = minutes => problemOf({ from: NOON, to: NOON + minutes * MINUTE });
  for (const minutes of [-5, 0, 4, NaN]) assert.match(of(minutes), /too short/);
  assert.match(of(1441), /too long/);
  for (const minutes of [5, 1440]) assert.equal(of(minutes), null);
});

test('the stretch that is suggested is around the cursor, or the end of what is seen, and never in the future', () => {
  for (const [count, step] of [[180, 1], [15, 1], [288, 5], [24, 60]]) {
    for (const index of [null, 0, 7, count - 1]) {
      for (const time of [NOON, NOON - 3 * MINUTE]) {
        const data = { from: NOON - count * step * MINUTE, count, step };
        const stretch = suggested(data, index, time);
        assert.ok(stretch.from >= data.from && stretch.to <= time && stretch.to > stretch.from, `${count} ${step} ${index}`);
        assert.equal(problemOf(stretch), null);
      }
    }
  }
  assert.deepEqual(suggested({ from: NOON - 3 * HOUR, count: 180, step: 1 }, 100, NOON), { from: NOON - 85 * MINUTE, to: NOON - 70 * MINUTE });
});

test('a row says which way, from what to what, and when it began', () => {
  assert.equal(rowWords(row({ began: NOON - 2 * MINUTE }), NOON), 'counter shop.errors went up, from 2 to 5, 2 min before');
  assert.equal(rowWords(row({ typ: 'ms', pth: 't', figure: 'top', before: 100, after: 50, ratio: .5 }), NOON), 'timer t, its p90 went down, from 100 ms to 50 ms, at the start');
  assert.equal(rowWords(row({ typ: 'ms', pth: 't', before: 3, after: 6 }), NOON), 'timer t per minute went up, from 3 to 6, at the start');
  assert.equal(rowWords(row({ change: 'appeared', before: null, ratio: null, began: NOON + 3 * MINUTE }), NOON), 'counter shop.errors appeared, from nothing to 5, 3 min after');
  assert.equal(rowWords(row({ typ: 'g', pth: 'g', figure: 'average', change: 'silent', after: null, ratio: null, earlier: true }), NOON), 'gauge g fell silent, from 2 to nothing, earlier');
  assert.deepEqual([valueWords(row()).change, valueWords(row({ after: 40, ratio: 20 })).change, valueWords(row({ ratio: null })).change], ['+150 %', '×20', '']);
  assert.deepEqual([{ after: 1 }, { after: 3 }, { change: 'silent' }, { change: 'appeared' }].map(values => directionOf(row(values))), ['down', 'up', 'silent', 'appeared']);
  assert.deepEqual(['top', 'last', 'p95', 'per-minute'].map(figure => figureOf({ figure })), ['p90', 'average', 'p95', 'per-minute']);
  assert.equal(sinceWords({ began: NOON, earlier: false }, NOON), 'at the start');
});

test('rows are in the order of their scores, or of their beginnings, what began earlier than that is known first', () => {
  const rows = [row({ pth: 'a', score: 9, began: NOON + 60 }), row({ pth: 'b', score: 5 }), row({ pth: 'c', score: 4, began: NOON - 60 }), row({ pth: 'd', score: 3, earlier: true })];
  const paths = order => ordered(rows, order).map(({ pth }) => pth).join('');
  assert.deepEqual([paths('score'), paths('began')], ['abcd', 'dcba']);
});

test('a stretch of the day is seen in Explore with what it is compared with', () => {
  const of = (from, to) => readPlot(addressAround({ kind: 'g', path: 'a' }, { from, to }, 'UTC', NOON).replace('#explore?', ''));
  const plot = of(NOON - HOUR, NOON - HOUR + 15 * MINUTE);
  assert.deepEqual([plot.from, plot.to, plot.queries[0].pattern], [NOON - 2 * HOUR, NOON - HOUR + 30 * MINUTE, 'a']);
  // It never ends in the future.
  assert.equal(of(NOON - 15 * MINUTE, NOON).to, NOON);
});
