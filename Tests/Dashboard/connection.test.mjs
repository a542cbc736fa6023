// The page says that it is live only while the server is heard.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, NOON, setClock } from './page.mjs';

const { connectionWords, listen } = await load('connection.js');

for (const [sentence, state, expected, isLive] of [
  ['before anything was heard it is being connected', {}, 'Connecting …', true],
  ['what was heard a moment ago is live', { heardAt: NOON - 5 }, 'Live', true],
  ['a server that is not heard for more than five seconds hangs', { heardAt: NOON - 8 }, 'Last update 8 s ago', false],
  ['and for minutes', { heardAt: NOON - 600 }, 'Last update 10 min ago', false],
  ['a connection that broke says since when', { heardAt: NOON - 60, since: NOON - 60 }, 'Not connected since 11:59', false],
  ['whoever was removed from a team is told so', { heardAt: NOON, isRemoved: true }, 'No longer in this team.', false],
  ['a session that ended is no matter of the connection', { heardAt: NOON, isSignedOut: true }, 'Signed out.', false],
]) {
  test(sentence, () => assert.deepEqual(connectionWords(state, NOON, 'UTC'), { text: expected, isLive }));
}

/** A browser's stream of events, its tab and its timers, moved by hand. */
function streams() {
  const sources = [];
  const timers = [];
  const heard = {};
  const { setTimeout, clearTimeout, document } = globalThis;
  globalThis.EventSource = class {
    static CLOSED = 2;
    readyState = 0;
    listeners = {};
    constructor(url) { sources.push(Object.assign(this, { url })); }
    addEventListener(name, work) { this.listeners[name] = work; }
    close() { this.readyState = 2; this.isClosedByPage = true; }
  };
  globalThis.setTimeout = (work, milliseconds) => timers.push({ work, milliseconds });
  globalThis.clearTimeout = timer => { if (timer) timers[timer - 1].work = () => {}; };
  const { setInterval, clearInterval } = globalThis;
  let everySecond = () => {};
  globalThis.setInterval = work => { everySecond = work; return 1; };
  globalThis.clearInterval = () => { everySecond = () => {}; };
  globalThis.document = { hidden: false, addEventListener: (name, work) => { heard[name] = work; } };
  globalThis.addEventListener = (name, work) => { heard[name] = work; };
  return {
    sources, timers, heard, second: () => everySecond(),
    giveBack: () => Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval, document }),
  };
}

test('the stream is said to be away since it failed, is opened again ever more slowly, and said to be there', () => {
  const { sources, timers, giveBack } = streams();
  try {
    const states = [];
    listen({ onStatus: () => {}, onProcesses: () => {}, onState: ({ since }) => states.push(since) });
    const last = () => sources.at(-1);
    last().listeners.open();
    setClock(NOON + 5);
    // The browser tries again by itself.
    last().listeners.error();
    setClock(NOON + 9);
    last().listeners.error();
    assert.deepEqual([states, timers.length], [[null, NOON + 5, NOON + 5], 0]);
    for (const expected of [1000, 2000, 4000, 8000, 15000, 15000]) {
      last().readyState = 2;
      last().listeners.error();
      assert.equal(timers.at(-1).milliseconds, expected);
      timers.at(-1).work();
    }
    assert.equal(sources.length, 7);
    last().listeners.open();
    assert.equal(states.at(-1), null);
    last().readyState = 2;
    last().listeners.error();
    assert.equal(timers.at(-1).milliseconds, 1000);
  } finally {
    giveBack();
    setClock(NOON);
  }
});

test('a tab that nobody sees for a minute gives its connection back, and takes one when it is seen', () => {
  const { sources, timers, heard, giveBack } = streams();
  try {
    listen({ onStatus: () => {}, onProcesses: () => {}, onState: () => {} });
    document.hidden = true;
    heard.visibilitychange();
    assert.equal(timers.at(-1).milliseconds, 60000);
    // Seen again in time.
    document.hidden = false;
    heard.visibilitychange();
    timers.at(-1).work();
    assert.deepEqual([sources.length, sources[0].isClosedByPage], [1, undefined]);
    document.hidden = true;
    heard.visibilitychange();
    timers.at(-1).work();
    assert.ok(sources[0].isClosedByPage);
    document.hidden = false;
    heard.visibilitychange();
    heard.visibilitychange();
    assert.equal(sources.length, 2);
    // And one that the browser keeps for the back button.
    heard.pagehide();
    heard.pageshow({ persisted: true });
    assert.equal(sources.length, 3);
  } finally {
    giveBack();
  }
});

test('a server that is silent is asked again after half a minute, and one that only has no news is not', () => {
  const { sources, second, giveBack } = streams();
  try {
    const heard = [];
    const stream = listen({ onStatus: () => {}, onProcesses: () => {}, onState: ({ heardAt }) => heard.push(heardAt) });
    sources[0].listeners.open();
    setClock(NOON + 28);
    sources[0].listeners.beat();
    assert.equal(heard.at(-1), NOON + 28);
    setClock(NOON + 57);
    second();
    assert.equal(sources.length, 1);
    setClock(NOON + 58);
    second();
    assert.ok(sources[0].isClosedByPage);
    assert.equal(sources.length, 2);
    // The other one gets as much time.
    setClock(NOON + 59);
    second();
    assert.equal(sources.length, 2);
    stream.end();
    setClock(NOON + 600);
    second();
    assert.deepEqual([sources.length, sources[1].isClosedByPage], [2, true]);
  } finally {
    giveBack();
    setClock(NOON);
  }
});
