// A first plot opens on what there is.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './page.mjs';

const { opening } = await load('plots.js');
const { DayAxis } = await load('axis.js');

/** A day in steps of five minutes, known from one minute to another. */
function day(from, to, usual = null) {
  const axis = new DayAxis(5);
  const known = axis.steps.map(({ minute }) => minute >= from && minute < to ? 1 : null);
  return { columns: [axis.steps.map(() => usual), known], axis, step: 5 };
}

test('what began a moment ago is seen closely, with room for what comes next', () => {
  assert.deepEqual(opening([day(720, 725)]), [690, 750]);
  const [from, to] = opening([day(600, 700)]);
  assert.ok(from <= 600 && from > 560 && to >= 700 && to < 760, `${from} ${to}`);
});

test('several plots open on what any of them has', () => {
  assert.deepEqual(opening([day(720, 725), day(0, 0)]), opening([day(720, 725)]));
  const [from, to] = opening([day(600, 605), day(720, 725)]);
  assert.ok(from <= 600 && to >= 725);
});

test('where there is a usual day, or most of a day, or nothing, all of the day is seen', () => {
  assert.equal(opening([day(720, 725, 3)]), null);
  assert.equal(opening([day(720, 725), day(720, 725, 0)]), null);
  assert.equal(opening([day(0, 900)]), null);
  assert.equal(opening([day(0, 0)]), null);
  assert.equal(opening([]), null);
});

test('what came first and last of a day lies within it', () => {
  for (const [from, to] of [[0, 5], [1435, 1440]]) {
    const [first, last] = opening([day(from, to)]);
    assert.ok(first >= 0 && last <= 1440 && first <= from && last >= to, `${first} ${last}`);
    assert.ok(last - first >= 15);
  }
});
