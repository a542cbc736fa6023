'use strict';

// Hours of a client inside a program, on a clock that the test turns, beside an oracle that counts every sample.

const assert = require('assert');
const test = require('node:test');
const { dattss } = require('../lib');

const PERIOD = 5000;

/** Timers and the time of day, for the client alone: the hands are turned by the test. */
class HandClock {
  constructor() {
    this.now = 1e6;
    this.timers = new Map();
    this.nextId = 1;
    this.real = { setTimeout, setInterval, clearTimeout, clearInterval, dateNow: Date.now };
    const add = (every) => (work, milliseconds = 0) => {
      const id = this.nextId++;
      this.timers.set(id, { due: this.now + milliseconds, work, every: every ? milliseconds : 0 });
      return { id, unref() {}, ref() {} };
    };
    const clear = (timer) => timer && this.timers.delete(timer.id);
    Object.assign(globalThis, { setTimeout: add(false), setInterval: add(true), clearTimeout: clear, clearInterval: clear });
    Date.now = () => this.now;
  }

  /** Turns the hands, and lets everything happen that is due, and what comes of it. */
  async advance(milliseconds) {
    const end = this.now + milliseconds;
    for (;;) {
      await new Promise(setImmediate);
      const [id, timer] = [...this.timers].sort((a, b) => a[1].due - b[1].due)[0] || [];
      if (timer === undefined || timer.due > end) break;
      this.now = Math.max(this.now, timer.due);
      if (timer.every > 0) timer.due += timer.every;
      else this.timers.delete(id);
      timer.work();
    }
    this.now = end;
  }

  giveBack() {
    const { dateNow, ...timers } = this.real;
    Object.assign(globalThis, timers);
    Date.now = dateNow;
  }
}

/** Counts each batch once, and answers as its mood is: up, away, loses (answers), busy, refuses (the key). */
class MoodyServer {
  constructor() {
    Object.assign(this, { mood: 'up', requests: 0, total: 0, reported: 0, highest: 0, problems: [] });
    Object.assign(this, { bodies: new Map(), paths: new Map(), unacknowledged: new Map() });
  }

  async put(path, body) {
    this.requests += 1;
    if (this.mood === 'away') return { status: null, body: 'away' };
    if (this.mood === 'busy') return this.requests % 3 === 0 ? { status: 429, retryAfter: 45 } : { status: 503 };
    if (this.mood === 'refuses') return { status: 401 };
    const isHeard = this.mood === 'up' || this.requests % 4 === 0;
    this.take(body.toString(), isHeard);
    return isHeard ? { status: 200 } : { status: null, body: 'lost' };
  }

  take(body, isHeard) {
    const { seq, prt } = JSON.parse(body);
    let samples = 0;
    const isNew = !this.bodies.has(seq);
    if (isNew && seq <= this.highest) this.problems.push(`batch ${seq} came after ${this.highest}`);
    if (!isNew && this.bodies.get(seq) !== body) this.problems.push(`batch ${seq} came again as another`);
    for (const { pth, cnt, sum } of [...prt.c, ...prt.ms, ...prt.g]) {
      const isReport = pth === 'dattss.client.dropped';
      if (!isReport) samples += cnt;
      if (!isNew) continue;
      if (isReport) this.reported += sum;
      else add(this.paths, pth, cnt, sum);
    }
    if (isNew) {
      this.bodies.set(seq, body);
      this.highest = seq;
      this.total += samples;
    }
    if (isHeard) this.unacknowledged.delete(seq);
    else this.unacknowledged.set(seq, samples);
  }
}

function add(paths, path, count, sum) {
  const known = paths.get(path) || [0, 0];
  paths.set(path, [known[0] + count, known[1] + sum]);
}

const total = (numbers) => [...numbers].reduce((sum, number) => sum + number, 0);

/** Of a seed: always the same numbers below `below` (Numerical Recipes' linear congruences). */
function seeded(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Life {
  constructor(t, seed) {
    this.clock = new HandClock();
    t.after(() => this.clock.giveBack());
    this.server = new MoodyServer();
    this.random = seeded(seed);
    this.recorded = new Map();
    this.client = dattss({ auth: 'KEY', process: 'life', on_stop: false, push_period: PERIOD / 1000, transport: this.server });
    this.client.queue.backoff.random = () => this.random(1000) / 1000;
  }

  record(period) {
    const paths = ['always.a', 'always.b', `often.${period % 7}`];
    // Each is silent for more than an hour, in which it leaves memory, and comes back.
    if (period % 50 === 0) paths.push(`rare.${(period / 50) % 16}`);
    for (let i = this.random(6); i > 0; i -= 1) paths.push(`some.${this.random(300)}`);
    for (const path of paths) {
      const value = 1 + this.random(1000);
      this.client[['count', 'time', 'gauge'][path.length % 3]](path, value);
      add(this.recorded, path, 1, value);
    }
  }

  async untilAllIsSent() {
    for (;;) {
      let isSent;
      this.client.flush().then((answer) => (isSent = answer));
      while (isSent === undefined) await this.clock.advance(0);
      if (isSent) return;
      await this.clock.advance(PERIOD);
    }
  }

  async stop() {
    let answer;
    this.client.stop(2).then((isComplete) => (answer = isComplete));
    while (answer === undefined) await this.clock.advance(100);
    return answer;
  }

  /** recorded = delivered + dropped, where a batch that was counted and of which the client never heard is in both. */
  expectTrueBooks(what) {
    const { server, client } = this;
    const drops = total(Object.values(client.drops));
    const count = total([...this.recorded.values()].map(([samples]) => samples));
    assert.strictEqual(server.total + drops - total(server.unacknowledged.values()), count, what);
    assert.ok(server.reported <= drops, what);
    assert.deepStrictEqual(server.problems, [], what);
    if (drops === 0) assert.deepStrictEqual(new Map([...server.paths].sort()), new Map([...this.recorded].sort()), what);
  }
}

for (const [seed, hoursAway] of [[1, 0], [2, 2]]) {
  test(`over hours of a server's moods every sample arrives once, or is counted as dropped (${hoursAway} hours away)`, async (t) => {
    const life = new Life(t, seed);
    for (let period = 0; period < 5 * 720; period += 1) {
      if (period % 90 === 0) {
        const hour = Math.floor(period / 720);
        const mood = ['up', 'up', 'up', 'away', 'loses', 'busy', 'refuses'][life.random(7)];
        life.server.mood = hour >= 2 && hour < 2 + hoursAway ? 'away' : mood;
      }
      life.record(period);
      await life.clock.advance(PERIOD);
    }
    life.server.mood = 'up';
    await life.untilAllIsSent();
    life.expectTrueBooks(`seed ${seed}`);
    assert.strictEqual(life.client.drops.buffer_full > 0, hoursAway > 0);
    assert.ok(await life.stop());
    life.expectTrueBooks(`seed ${seed}, stopped`);
  });
}

test('a program that ends while its server is away counts what it gives up', async (t) => {
  const life = new Life(t, 3);
  for (let period = 0; period < 120; period += 1) {
    life.server.mood = ['up', 'loses', 'away'][Math.floor(period / 40)];
    life.record(period);
    await life.clock.advance(PERIOD);
  }
  assert.strictEqual(await life.stop(), false);
  assert.ok(life.client.drops.stopped > 0);
  life.expectTrueBooks('stopped');
});
