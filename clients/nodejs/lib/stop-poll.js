'use strict';

const { Backoff } = require('./push-queue');
const { Transport } = require('./transport');

const POLL_MILLISECONDS = 120000;
// A server that does not hold its answers is not asked more often than this.
const INTERVAL_MILLISECONDS = 1000;

/** Asks the server, again and again, whether this process is to stop; calls `onStop` once when it is. */
function pollForStop({ url, auth, process, debug }, cid, onStop) {
  const transport = new Transport(url, auth);
  const body = Buffer.from(JSON.stringify({ auth, process, cid }));
  const backoff = new Backoff();
  let isEnded = false;
  let timer;
  const poll = async () => {
    const start = Date.now();
    const { status, body: answer, retryAfter } = await transport.put('/process', body, POLL_MILLISECONDS);
    if (isEnded) return;
    const elapsed = Date.now() - start;
    let wait;
    if (status >= 200 && status < 300) {
      backoff.failures = 0;
      if (answer === `${auth}-${process}`) {
        try {
          onStop();
        } catch (error) {
          debug(`on_stop threw: ${error}`);
        }
        return;
      }
      wait = Math.max(0, INTERVAL_MILLISECONDS - elapsed);
    } else if (status === null || status === 408 || status === 425 || status === 429 || status >= 500) {
      if (status === null && elapsed >= 30000) backoff.failures = 0;
      wait = backoff.failed(retryAfter);
    } else {
      wait = backoff.failedForLong();
    }
    timer = setTimeout(poll, wait);
    timer.unref();
  };
  poll();
  return {
    end() {
      isEnded = true;
      clearTimeout(timer);
      transport.agent.destroy();
    },
  };
}

module.exports = { pollForStop };
