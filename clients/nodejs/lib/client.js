'use strict';

const { randomBytes } = require('crypto');
const { spawnSync } = require('child_process');
const path = require('path');
const exit = require('./exit');
const { PushNumbering, PushQueue } = require('./push-queue');
const { Recorder } = require('./recorder');
const { pollForStop } = require('./stop-poll');
const { Transport } = require('./transport');

const REQUEST_MILLISECONDS = 15000;
const DRAIN_RETRY_MILLISECONDS = 200;

/** Counts, times and gauges what a program does, and sends it every push period. Nothing here throws, or waits. */
class Dattss {
  constructor(options) {
    this.options = options;
    this.recorder = new Recorder(options.percentile);
    this.numbering = new PushNumbering(randomBytes(16).toString('hex'), options.process);
    this.queue = new PushQueue({ batches: options.bufferBatches, bytes: options.bufferBytes });
    this.transport = options.transport || new Transport(options.url, options.auth);
    this.isStopped = true;
    this.generation = 0;
    this.startCount = 0;
    this.settled = [];
  }

  agg(path, sample) {
    if (!this.isStopped) this.recorder.addText(path, sample);
  }

  count(path, amount = 1) {
    if (!this.isStopped) this.recorder.add('c', path, amount, false);
  }

  time(path, milliseconds) {
    if (!this.isStopped) this.recorder.add('ms', path, milliseconds, false);
  }

  gauge(path, value) {
    if (!this.isStopped) this.recorder.add('g', path, value, false);
  }

  /** Times a function, also when it throws; and a promise until it settles. */
  measure(path, work) {
    const start = process.hrtime.bigint();
    const note = () => this.time(path, Number(process.hrtime.bigint() - start) / 1e6);
    let result;
    try {
      result = work();
    } catch (error) {
      note();
      throw error;
    }
    if (result === null || typeof result !== 'object' || typeof result.then !== 'function') {
      note();
      return result;
    }
    result.then(note, note);
    return result;
  }

  /** A new client is started already. */
  start() {
    if (!this.isStopped) return;
    this.isStopped = false;
    this.startCount += 1;
    exit.add(this);
    this.interval = setInterval(() => this.collect(), this.options.pushPeriod);
    if (!this.options.keepAlive) this.interval.unref();
    if (this.options.process && this.options.onStop !== false) {
      this.stopPoll = pollForStop(this.options, this.numbering.cid, this.options.onStop || (() => this.endProgram()));
    }
  }

  /**
   * Sends what was recorded, tries for at most `seconds`, and ends sending; what is recorded behind it is ignored.
   * Resolves to whether the server has acknowledged everything.
   */
  async stop(seconds = 5) {
    if (this.isStopped) return this.queue.waiting.length === 0;
    this.isStopped = true;
    clearInterval(this.interval);
    if (this.stopPoll) this.stopPoll.end();
    const startCount = this.startCount;
    await this.drain(seconds * 1000);
    // It was started again meanwhile: that one goes on with what is left.
    if (this.startCount !== startCount) return this.queue.waiting.length === 0;
    exit.remove(this);
    const losses = this.queue.abandon();
    this.generation += 1;
    clearTimeout(this.pause);
    this.account(losses);
    return losses.length === 0;
  }

  /** Sends what was recorded up to now. Resolves to whether all of it is acknowledged; if not it is kept, and tried again. */
  flush() {
    const lost = this.lossCount;
    this.collect();
    if (this.queue.state === 'pausing') return Promise.resolve(false);
    if (this.queue.waiting.length === 0) return Promise.resolve(true);
    // Whoever waits for it wants to be there when the answer comes.
    const alive = setTimeout(() => {}, REQUEST_MILLISECONDS);
    return new Promise((resolve) => {
      this.settled.push((isComplete) => {
        clearTimeout(alive);
        resolve(isComplete && this.lossCount === lost);
      });
    });
  }

  /** How many samples were dropped, by reason. */
  get drops() {
    return { ...this.recorder.drops };
  }

  /** What went wrong when something was last sent; null while all goes well. */
  get lastProblem() {
    return this.queue.problem;
  }

  // ---- Pushing

  collect() {
    const { partials, drops } = this.recorder.flush(this.queue.isWorking);
    for (const push of this.numbering.pushes(partials, Math.round(process.uptime()), drops)) {
      this.perform(this.queue.enqueue(push));
    }
  }

  perform({ action, push, milliseconds, losses }) {
    this.account(losses);
    if (action === 'send') {
      const generation = this.generation;
      this.transport.put('/agg', push.body, REQUEST_MILLISECONDS).then((answer) => {
        if (generation !== this.generation) return;
        this.options.debug(`batch ${push.seq}, ${push.body.length} bytes: ${answer.status} ${answer.status === 200 ? '' : answer.body}`);
        this.perform(this.queue.answer(answer.status, answer));
      });
    } else if (action === 'wait') {
      this.settle(false);
      this.pause = setTimeout(() => this.perform(this.queue.resume()), milliseconds);
      this.pause.unref();
    } else if (this.queue.waiting.length === 0) {
      this.settle(true);
    }
  }

  settle(isComplete) {
    const settled = this.settled;
    this.settled = [];
    for (const resolve of settled) resolve(isComplete);
  }

  get lossCount() {
    const { buffer_full: full, refused, stopped } = this.recorder.drops;
    return full + refused + stopped;
  }

  account(losses) {
    for (const { push, reason } of losses) {
      this.recorder.drop(push.samples, reason, push.drops);
      this.options.debug(`batch ${push.seq} is dropped (${reason}): ${this.queue.problem}`);
    }
  }

  // ---- The end of the program

  /** Somebody asks the program to stop, and it has not said what to do then. */
  async endProgram() {
    this.options.debug('asked to stop: the program ends');
    await exit.drainAll();
    process.exit(1);
  }

  /** Sends everything, trying again and again for so long. Keeps the program alive meanwhile. */
  async drain(milliseconds) {
    const deadline = Date.now() + milliseconds;
    const alive = setTimeout(() => this.settle(false), milliseconds);
    let isDone = await this.flush();
    while (!isDone && this.queue.waiting.length > 0 && Date.now() < deadline) {
      if (this.queue.state === 'pausing') {
        await new Promise((resolve) => setTimeout(resolve, Math.min(DRAIN_RETRY_MILLISECONDS, deadline - Date.now())));
        clearTimeout(this.pause);
        this.perform(this.queue.resume());
      }
      if (this.queue.waiting.length > 0) isDone = await new Promise((resolve) => this.settled.push(resolve));
    }
    clearTimeout(alive);
  }

  /** The first time only: a server that is away must not hold up a program's end twice. */
  async drainOnce() {
    if (this.isDrained) return;
    if (this.recorder.isEmpty && this.queue.waiting.length === 0) return;
    this.isDrained = true;
    await this.drain(this.options.exitMilliseconds);
    this.isDrained = this.queue.waiting.length > 0;
  }

  /** Nothing asynchronous happens any more: another program sends what is left. */
  sendBeforeExit() {
    if (this.isDrained && this.queue.state === 'pausing') return;
    const { partials, drops } = this.recorder.flush(true);
    const pushes = [...this.queue.waiting, ...this.numbering.pushes(partials, Math.round(process.uptime()), drops)];
    if (pushes.length === 0) return;
    const milliseconds = this.options.exitMilliseconds;
    const bodies = pushes.map((push) => push.body.toString());
    spawnSync(process.execPath, [path.join(__dirname, 'last-push.js')], {
      input: JSON.stringify({ url: this.options.url, auth: this.options.auth, milliseconds, bodies }),
      stdio: ['pipe', 'ignore', 'ignore'], timeout: milliseconds + 500, env: { ...process.env, NODE_OPTIONS: '' },
    });
  }
}

module.exports = { Dattss };
