// A program that went down is news for a while, and then it has ended: nothing is red for ever.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY, load, MINUTE, NOON } from './page.mjs';

const { state } = await load('processes.js');

for (const [sentence, up, ago, expected] of [
  ['one that is up is up, however long', true, 9 * DAY, 'up'],
  ['one that went down a moment ago is down', false, 10, 'down'],
  ['until a quarter of an hour is over', false, 15 * MINUTE - 1, 'down'],
  ['then it has ended', false, 15 * MINUTE, 'ended'],
  ['for a day', false, DAY - 1, 'ended'],
  ['and then it is out of sight', false, DAY, 'gone'],
  ['by a clock that was set back it is down, too', false, -60, 'down'],
]) {
  test(sentence, () => assert.equal(state({ up, since: NOON - ago }, NOON), expected));
}
