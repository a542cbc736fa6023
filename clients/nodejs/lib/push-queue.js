'use strict';

const PARTIALS_MAX = 10000;
const BODY_BYTES_MAX = 1 << 20;
const BACKOFF_FIRST = 1000;
const BACKOFF_CAP = 30000;
const RETRY_AFTER_SECONDS_MAX = 300;

/** How long to wait before trying again: doubled by every failure up to a cap, and of that a random half to whole. */
class Backoff {
  constructor(random = Math.random) {
    this.random = random;
    this.failures = 0;
  }

  failed(retryAfterSeconds = 0) {
    this.failures += 1;
    const asked = Math.min(Math.max(retryAfterSeconds || 0, 0), RETRY_AFTER_SECONDS_MAX) * 1000;
    return Math.max(this.jittered(Math.min(BACKOFF_CAP, BACKOFF_FIRST * 2 ** (this.failures - 1))), asked);
  }

  failedForLong() {
    this.failures += 1;
    return this.jittered(BACKOFF_CAP);
  }

  jittered(milliseconds) {
    return milliseconds / 2 + (this.random() * milliseconds) / 2;
  }
}

/** Turns the partials of a period into numbered batches of a size that servers accept. */
class PushNumbering {
  constructor(cid, process) {
    this.cid = cid;
    this.process = process;
    this.seq = 0;
  }

  pushes(partials, upt, drops = 0) {
    if (drops > 0) {
      const value = { sum: drops, cnt: 1, max: drops, min: drops, top: drops, bot: drops, fst: drops, lst: drops };
      partials = [{ typ: 'c', pth: 'dattss.client.dropped', ...value, pct: 0.1, emp: false }, ...partials];
    }
    const pushes = [];
    if (partials.length > 0) this.append(partials, upt, pushes);
    if (drops > 0) {
      pushes[0].drops = drops;
      pushes[0].samples -= 1;
    }
    return pushes;
  }

  append(partials, upt, pushes) {
    if (partials.length <= PARTIALS_MAX) {
      const prt = { c: [], ms: [], g: [] };
      let samples = 0;
      for (const partial of partials) {
        prt[partial.typ].push(partial);
        samples += partial.cnt;
      }
      const seq = this.seq + 1;
      const body = Buffer.from(JSON.stringify({ prt, nam: this.process, upt, cid: this.cid, seq }));
      if (body.length <= BODY_BYTES_MAX || partials.length === 1) {
        this.seq = seq;
        pushes.push({ seq, body, samples, drops: 0 });
        return;
      }
    }
    const middle = Math.floor(partials.length / 2);
    this.append(partials.slice(0, middle), upt, pushes);
    this.append(partials.slice(middle), upt, pushes);
  }
}

/**
 * The batches that the server has not acknowledged, and what to do next: one at a time, in order, the same bytes again until
 * there is an answer. Every input returns `{ action: 'rest' | 'send' | 'wait', push, milliseconds, losses }`.
 */
class PushQueue {
  constructor({ batches = 720, bytes = 16 << 20, random } = {}) {
    this.batchesMax = Math.max(1, batches);
    this.bytesMax = bytes;
    this.waiting = [];
    this.bytes = 0;
    this.state = 'idle';
    this.backoff = new Backoff(random);
    this.problem = null;
  }

  get isWorking() {
    return this.backoff.failures === 0;
  }

  enqueue(push) {
    this.waiting.push(push);
    this.bytes += push.body.length;
    const losses = this.shrink();
    return this.state === 'idle' ? this.next(losses) : { action: 'rest', losses };
  }

  /** `status` is null when no answer came. */
  answer(status, { retryAfter, body } = {}) {
    if (status >= 200 && status < 300) {
      this.problem = null;
      this.backoff.failures = 0;
      this.removeFirst();
      return this.next();
    }
    this.problem = status === null ? `no answer: ${body}` : `the server answered ${status}: ${String(body || '').slice(0, 500)}`;
    if ([400, 413, 415, 422].includes(status)) {
      this.backoff.failures = 0;
      return this.next([{ push: this.removeFirst(), reason: 'refused' }]);
    }
    const isPassing = status === null || status === 408 || status === 425 || status === 429 || (status >= 500 && status < 600);
    const milliseconds = isPassing ? this.backoff.failed(retryAfter) : this.backoff.failedForLong();
    // The first batch is no longer under way, so an overfull buffer may let go of it.
    this.state = 'pausing';
    return { action: 'wait', milliseconds, losses: this.shrink() };
  }

  /** The pause is over, or to end. */
  resume() {
    return this.state === 'pausing' ? this.next() : { action: 'rest', losses: [] };
  }

  /** Gives up what is left; what is under way may still arrive. */
  abandon() {
    const losses = this.waiting.map((push) => ({ push, reason: 'stopped' }));
    this.waiting = [];
    this.bytes = 0;
    this.state = 'idle';
    return losses;
  }

  next(losses = []) {
    if (this.waiting.length === 0) {
      this.state = 'idle';
      return { action: 'rest', losses };
    }
    this.state = 'sending';
    return { action: 'send', push: this.waiting[0], losses };
  }

  /** Drops the oldest until the bound holds, but not one under way: it may have been counted already. */
  shrink() {
    const losses = [];
    const kept = this.state === 'sending' ? 1 : 0;
    while ((this.waiting.length > this.batchesMax || this.bytes > this.bytesMax) && this.waiting.length > kept) {
      const [push] = this.waiting.splice(kept, 1);
      this.bytes -= push.body.length;
      losses.push({ push, reason: 'buffer_full' });
    }
    return losses;
  }

  removeFirst() {
    const push = this.waiting.shift();
    this.bytes -= push.body.length;
    return push;
  }
}

module.exports = { Backoff, PushNumbering, PushQueue };
