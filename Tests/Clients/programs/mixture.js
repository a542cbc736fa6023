'use strict';

// Three periods of a known mixture. Between them it waits for the test to go on, and its event loop turns.

const { dattss } = require('../../../clients/nodejs');

const stats = dattss({ process: 'mixture' });
const rounds = 400;
const lines = require('readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function main() {
  for (let period = 0; period < 3; period += 1) {
    for (let i = 0; i < rounds; i += 1) {
      stats.agg('mix.hits', i === 0 ? '1c!' : '1c');
      stats.count('mix.bytes', i % 7);
      stats.time('mix.wait', 1 + ((i * 37) % 500) + 0.5);
      stats.agg('mix.load', `${period * 1000 + i - 200}g`);
      // Waits: samples of one period are to go out in several pushes.
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
    }
    console.log(`period ${period}`);
    await lines.next();
  }
  // No stop and no flush: the end of the program has to send the rest.
  console.log(JSON.stringify({ dropped: Object.values(stats.drops).reduce((sum, count) => sum + count, 0) }));
  process.stdin.destroy();
}

main();
