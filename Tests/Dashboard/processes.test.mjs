// A program that went down is news for a while, and then it has ended: nothing is red for ever. What is said of it is what is so.

import assert from 'node:assert/strict';
import test from 'node:test';
import { HOUR, load, MINUTE, NOON } from './page.mjs';

const { refusalWords, state, titleWords, words } = await load('processes.js');

for (const [sentence, process, ago, expected] of [
  ['one that is up is up, however long', { up: true }, 9 * 24 * HOUR, 'up'],
  ['one that went down a moment ago is down', { up: false }, 10, 'down'],
  ['until a quarter of an hour is over', { up: false }, 15 * MINUTE - 1, 'down'],
  ['then it has ended', { up: false }, 15 * MINUTE, 'ended'],
  ['one that was told to stop has ended at once', { up: false, ended: true }, 10, 'ended'],
  ['by a clock that was set back it is down, too', { up: false }, -60, 'down'],
]) {
  test(sentence, () => assert.equal(state({ ...process, since: NOON - ago }, NOON), expected));
}

for (const [sentence, process, expected] of [
  ['since when it is up', { up: true, since: NOON - HOUR * 2, stop: null, restarts: [] }, 'up since 10:00 (2 h)'],
  ['a restart is later than that', { up: true, since: NOON - HOUR * 2, stop: null, restarts: [NOON - 5 * MINUTE] }, 'restarted 11:55 (5 min)'],
  ['a restart before it was down is not', { up: true, since: NOON - HOUR, stop: null, restarts: [NOON - 2 * HOUR] }, 'up since 11:00 (60 min)'],
  ['restarts again and again are counted',
    { up: true, since: NOON - HOUR * 9, stop: null, restarts: [NOON - 2 * HOUR, NOON - 40 * MINUTE, NOON - 5 * MINUTE] },
    '2 restarts in 1 h, last 11:55'],
  ['a stop that waits', { up: true, since: NOON, stop: 'asked', restarts: [] }, 'asked to stop, not told yet'],
  ['a stop that was told', { up: true, since: NOON, stop: 'told', restarts: [] }, 'told to stop'],
  ['a stop that nobody heard', { up: true, since: NOON, stop: 'unheard', restarts: [] }, 'did not hear the stop'],
  ['what stopped because it was told', { up: false, ended: true, since: NOON - MINUTE, stop: 'told' }, 'stopped 11:59 (60 s)'],
  ['what went down without', { up: false, ended: false, since: NOON - MINUTE, stop: 'unheard' }, 'down since 11:59 (60 s)'],
  ['what ended, and nobody cares any more', { up: false, ended: false, since: NOON - HOUR, stop: null }, 'ended 11:00 (60 min)'],
]) {
  test(`it is said: ${sentence}`, () => assert.equal(words(process, NOON, 'UTC'), expected));
}

for (const [sentence, processes, isPast, expected] of [
  ['how many are up', [{ up: true }, { up: false }], false, '1 of 2 up'],
  ['nothing of none', [], false, ''],
  ['that they are those of now, where the page is as of a moment', [{ up: true }], true, 'as they are now: 1 of 1 up'],
  ['the same of none', [], true, 'as they are now'],
]) {
  test(`the title says ${sentence}`, () => assert.equal(titleWords(processes, isPast), expected));
}

test('why a program was not asked is said in words', () => {
  assert.match(refusalWords('api', { name: 'not_listening', message: 'x' }), /^api cannot be asked to stop: .*End it where it runs\.$/);
  assert.equal(refusalWords('api', { name: 'unknown_process', message: 'x' }), 'api is not up any more.');
  assert.equal(refusalWords('api', { name: 'unreachable', message: 'the server cannot be reached' }),
    'api was not asked to stop: the server cannot be reached');
});
