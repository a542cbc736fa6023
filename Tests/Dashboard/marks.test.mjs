// What happened stands where it happened; what would stand on the same line shares one.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './page.mjs';

const { grouped, words } = await load('marks.js');
const { DayAxis } = await load('axis.js');

const mark = (place, text, tags = []) => ({ place, text, tags });
const places = (marks, scale, left = 0, right = 1000) =>
  grouped(marks, place => place * scale, left, right).map(({ x, marks }) => [x, marks.map(({ text }) => text).join()]);

test('marks that are near each other share a line, and others do not', () => {
  const marks = [mark(10, 'a'), mark(11, 'b'), mark(12.9, 'c'), mark(13, 'd'), mark(100, 'e')];
  assert.deepEqual(places(marks, 1), [[10, 'a,b,c'], [13, 'd'], [100, 'e']]);
  // Closer, all have their own.
  assert.equal(places(marks, 10).length, 4);
  assert.deepEqual(places([], 1), []);
});

test('what is not in the part that is seen has no line', () => {
  const marks = [mark(10, 'a'), mark(50, 'b'), mark(90, 'c')];
  assert.deepEqual(places(marks, 1, 20, 80), [[50, 'b']]);
  assert.deepEqual(places(marks, 1, 10, 90), [[10, 'a'], [50, 'b'], [90, 'c']]);
  assert.deepEqual(grouped(marks, () => NaN, 0, 100), []);
});

test('a mark says when, what, and what it is about', () => {
  const axis = new DayAxis(5);
  assert.equal(words(mark(725, 'deployed 1.4.2'), axis), '12:05 deployed 1.4.2');
  assert.equal(words(mark(725.5, 'deployed', ['api', 'west']), axis), '12:05 deployed (api, west)');
  // And who said so, where somebody is known.
  assert.equal(words({ ...mark(725, 'deployed', ['api']), by: 'ann@example.com' }, axis), '12:05 deployed (api) by “ann@example.com”');
  assert.equal(words({ ...mark(725, 'disk is full'), by: '' }, axis), '12:05 disk is full');
});
