'use strict';

// Nanoseconds a call, the best of several runs; and what a live path costs in memory. `npm run bench`

const { Recorder } = require('./lib/recorder');
const { dattss } = require('./lib');

const CALLS = 1e6;
const client = dattss({ auth: 'none', push_period: 3600, exit_timeout: 0 });
const paths = Array.from({ length: 100 }, (_, i) => `routes.get_${i}`);
const texts = Array.from({ length: 5000 }, (_, i) => `${(i * 7919) % 10007}.${i % 10}ms`);

function best(work) {
  let least = Infinity;
  for (let run = 0; run < 12; run += 1) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS; i += 1) work(i);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / CALLS);
    client.recorder.flush(true);
  }
  return Math.round(least);
}

console.log(`agg(path, '1c')                  ${best((i) => client.agg(paths[i % 100], '1c'))} ns`);
console.log(`agg(path, text), 5,000 texts     ${best((i) => client.agg(paths[i % 100], texts[i % 5000]))} ns`);
console.log(`time(path, number)               ${best((i) => client.time(paths[i % 100], i % 1000))} ns`);
console.log(`count(path)                      ${best((i) => client.count(paths[i % 100]))} ns`);

for (const [what, samples] of [['1 sample', 1], ['64 samples', 64], ['1,000 samples', 1000]]) {
  global.gc();
  const before = process.memoryUsage().heapUsed;
  const recorder = new Recorder(0.1);
  for (let n = 0; n < 2000; n += 1) {
    for (let i = 0; i < samples; i += 1) recorder.add('ms', `p${n}`, 1 + ((i * 7919) % 1009), false);
  }
  global.gc();
  console.log(`memory a path, ${what.padEnd(17)} ${Math.round((process.memoryUsage().heapUsed - before) / 2000)} bytes`);
  recorder.flush(true);
}
