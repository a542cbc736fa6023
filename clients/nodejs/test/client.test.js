'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const http = require('http');
const path = require('path');
const test = require('node:test');
const { PushNumbering, PushQueue } = require('../lib/push-queue');
const { Recorder } = require('../lib/recorder');
const { dattss } = require('../lib');

/** A server that answers as the test says, and counts like the real one: a number of a client only once. */
async function scriptedServer(answers = []) {
  const server = { bodies: [], counted: new Map(), seen: new Set(), answers, port: 0 };
  server.http = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      if (request.url === '/process') return server.onPoll ? server.onPoll(JSON.parse(text), response) : undefined;
      const body = JSON.parse(text);
      server.bodies.push(text);
      server.auth = request.headers.authorization;
      const answer = server.answers.length > 0 ? server.answers.shift() : 200;
      const id = `${body.cid} ${body.seq}`;
      if ((answer === 200 || answer === 'lost') && !server.seen.has(id)) {
        server.seen.add(id);
        for (const partial of [...body.prt.c, ...body.prt.ms, ...body.prt.g]) {
          const key = `${partial.typ} ${partial.pth}`;
          server.counted.set(key, (server.counted.get(key) || 0) + partial.cnt);
        }
      }
      if (answer === 'lost') return request.socket.destroy();
      response.writeHead(answer, answer === 503 ? { 'Retry-After': '0' } : {});
      response.end('{"ok":true}');
    });
  });
  await new Promise((resolve) => server.http.listen(0, '127.0.0.1', resolve));
  server.port = server.http.address().port;
  server.close = () => new Promise((resolve) => {
    server.http.closeAllConnections();
    server.http.close(resolve);
  });
  return server;
}

function clientOf(server, options = {}) {
  const client = dattss({ auth: 'KEY', http_port: server.port, push_period: 3600, ...options });
  client.queue.backoff.jittered = () => 20;
  return client;
}

async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not happen in 30 s');
    // Waits: a real server or program is looked at again.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Runs a program against a server until it ends. */
async function run(server, source, { env = {}, signal, module } = {}) {
  const child = spawn(process.execPath, [...(module ? ['--input-type=module'] : []), '-e', source], {
    cwd: path.join(__dirname, '..'),
    env: { ...process.env, DATTSS_AUTH_KEY: 'KEY', DATTSS_SERVER_HTTP_PORT: String(server.port), ...env },
  });
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk));
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (signal && output.includes('ready')) child.kill(signal);
  });
  const [code, endSignal] = await new Promise((resolve) => child.on('exit', (...how) => resolve(how)));
  return { code, signal: endSignal, output };
}

test('what is recorded arrives, with the key as a bearer token', async () => {
  const server = await scriptedServer();
  const client = clientOf(server, { process: 'a b' });
  client.agg('hits', '2c');
  client.count('hits', 3);
  client.time('wait', 12.5);
  client.gauge('load', 0.5);
  client.measure('work', () => 1);
  await client.measure('work', async () => 1);
  assert.throws(() => client.measure('work', () => { throw new Error('its own'); }), /its own/);
  assert.strictEqual(await client.flush(), true);
  assert.strictEqual(server.auth, 'Bearer KEY');
  const body = JSON.parse(server.bodies[0]);
  assert.deepStrictEqual([body.nam, body.seq, body.prt.c[0].sum, body.prt.g[0].lst], ['a_b', 1, 5, 0.5]);
  assert.strictEqual(server.counted.get('ms work'), 3);
  assert.strictEqual(await client.stop(), true);
  await server.close();
});

test('it pushes every period by itself, and while stopped it ignores', async () => {
  const server = await scriptedServer();
  const client = clientOf(server, { push_period: 100 });
  client.count('hits');
  await until(() => server.counted.get('c hits') === 1);
  client.count('hits');
  await until(() => server.counted.get('c hits') === 2);
  await client.stop();
  client.count('hits');
  client.start();
  client.count('hits');
  await client.stop();
  assert.strictEqual(server.counted.get('c hits'), 3);
  assert.deepStrictEqual(server.bodies.map((body) => JSON.parse(body).seq), [1, 2, 3]);
  await server.close();
});

test('after a lost answer the same bytes come again before the next batch, and count once', async () => {
  const server = await scriptedServer(['lost', 503, 200]);
  const client = clientOf(server);
  client.count('hits', 7);
  assert.strictEqual(await client.flush(), false);
  client.count('hits', 8);
  await client.flush();
  await until(() => server.bodies.length === 4 && client.queue.waiting.length === 0);
  assert.strictEqual(new Set(server.bodies.slice(0, 3)).size, 1);
  assert.deepStrictEqual(server.bodies.map((body) => JSON.parse(body).seq), [1, 1, 1, 2]);
  assert.strictEqual(server.counted.get('c hits'), 2);
  await client.stop();
  await server.close();
});

test('while the server is away batches wait, and are all there when it is back', async () => {
  const gone = await scriptedServer();
  await gone.close();
  const client = clientOf(gone);
  for (let i = 0; i < 5; i += 1) {
    client.count('hits');
    assert.strictEqual(await client.flush(), false);
  }
  assert.match(client.lastProblem, /no answer/);
  const server = await scriptedServer();
  await server.close();
  const back = await scriptedServer();
  client.transport.url.port = back.port;
  await until(() => back.counted.get('c hits') === 5);
  await until(() => client.lastProblem === null);
  await client.stop();
  await back.close();
});

test('a full buffer drops its oldest batches, counts them, and reports the count', async () => {
  const server = await scriptedServer([500]);
  const client = clientOf(server, { buffer_batches: 2 });
  client.queue.backoff.jittered = () => 1e6;
  for (let i = 1; i <= 5; i += 1) {
    client.count(`hits.${i}`);
    client.count(`hits.${i}`);
    await client.flush();
  }
  assert.deepStrictEqual([client.drops.buffer_full, client.queue.waiting.map((push) => push.seq)], [6, [4, 5]]);
  client.perform(client.queue.resume());
  await until(() => client.queue.waiting.length === 0);
  client.count('hits.6');
  await client.flush();
  const { c } = JSON.parse(server.bodies.at(-1)).prt;
  assert.deepStrictEqual([c[0].pth, c[0].sum], ['dattss.client.dropped', 6]);
  await client.stop();
  await server.close();
});

test('a refused batch is dropped and counted, and the next one goes out', async () => {
  const server = await scriptedServer([400]);
  const client = clientOf(server);
  client.count('hits', 7);
  assert.strictEqual(await client.flush(), false);
  assert.strictEqual(client.drops.refused, 1);
  client.count('hits');
  assert.strictEqual(await client.flush(), true);
  assert.strictEqual(server.counted.get('c dattss.client.dropped'), 1);
  await client.stop();
  await server.close();
});

test('nothing that a program passes makes it throw', async () => {
  const server = await scriptedServer();
  const client = clientOf(server);
  const values = [undefined, null, 1, NaN, Infinity, {}, [], '', 'x'.repeat(1e5), Symbol('x'), () => {}, 10n, { toString: null }];
  for (const value of values) {
    for (const other of [...values, '1c']) client.agg(value, other);
    client.agg('a', value);
    client.count(value);
    client.count('a', value);
    client.time('a', value);
    client.gauge(value, value);
  }
  assert.deepStrictEqual([client.recorder.count, client.recorder.touched[0].count], [2, 2]);
  assert.ok(client.drops.bad_path > 0 && client.drops.bad_sample > 0);
  for (const spec of [null, 3, { auth: 5, http_host: 'a/b', http_port: 'x', push_period: -1, percentile: 9, url: 'no' }]) {
    await dattss(spec || undefined).stop(0);
  }
  await client.stop();
  await server.close();
});

test('memory is bounded by the live paths: one that is silent is forgotten, one too many is dropped', () => {
  const recorder = new Recorder(0.1);
  for (let i = 0; i < 20001; i += 1) recorder.add('c', `p${i}`, 1, false);
  assert.deepStrictEqual([recorder.count, recorder.drops.too_many_statistics], [20000, 1]);
  recorder.flush(true);
  for (let i = 0; i < 721; i += 1) {
    recorder.add('c', 'p1', 1, false);
    recorder.flush(true);
  }
  assert.strictEqual(recorder.count, 1);
  for (let i = 0; i < 1e5; i += 1) recorder.add('ms', 'wide', 2 ** ((i * 7919) % 2000 - 1000) * 1.01, false);
  assert.ok(recorder.touched[0].sketch.positive.counts.size <= 1024);
  const [partial] = recorder.flush(true).partials;
  assert.deepStrictEqual([JSON.parse(JSON.stringify(partial.skt)).p.length, partial.cnt], [1024, 1e5]);
});

test('partials that are too many or too large for one batch make several', () => {
  const recorder = new Recorder(0.1);
  for (let i = 0; i < 15000; i += 1) recorder.add('c', `p${i}.${'x'.repeat(100)}`, 1, false);
  const pushes = new PushNumbering('x').pushes(recorder.flush(true).partials, 0, 5);
  assert.ok(pushes.length > 2 && pushes.every((push) => push.body.length <= 1 << 20));
  assert.deepStrictEqual(pushes.map((push) => push.seq), pushes.map((_, i) => i + 1));
  assert.strictEqual(pushes.reduce((sum, push) => sum + push.samples, 0), 15000);
});

test('back-off doubles up to 30 s, is jittered, and waits as long as a server asks', () => {
  const queue = new PushQueue({ random: () => 1 });
  queue.enqueue({ seq: 1, body: Buffer.alloc(1), samples: 1, drops: 0 });
  const waits = [];
  for (let i = 0; i < 7; i += 1) {
    waits.push(queue.answer(null).milliseconds);
    queue.resume();
  }
  assert.deepStrictEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  assert.strictEqual(queue.answer(503, { retryAfter: 77 }).milliseconds, 77000);
  queue.resume();
  assert.strictEqual(queue.answer(503, { retryAfter: 1e9 }).milliseconds, 300000);
  queue.backoff.random = () => 0;
  queue.resume();
  assert.strictEqual(queue.answer(401).milliseconds, 15000);
});

const RECORD = "const client = require('./lib').dattss({ push_period: 3600 }); for (let i = 0; i < 9; i += 1) client.agg('hits', '1c');";

test('a program that ends, exits, throws or is terminated loses nothing', async () => {
  for (const [end, code, signal] of [
    ['', 0], ['process.exit(3)', 3], ['client.stop(); process.exit(3)', 3], ["throw new Error('x')", 1], ["process.on('SIGTERM', () => process.exit(4)); wait()", 4, 'SIGTERM'],
    ['wait()', null, 'SIGTERM'], ['wait()', null, 'SIGINT'],
  ]) {
    const server = await scriptedServer();
    const wait = "function wait() { console.log('ready'); setInterval(() => {}, 1000); }";
    const result = await run(server, `${RECORD} ${wait} ${end}`, { signal });
    assert.deepStrictEqual([result.code, result.signal], [code, code === null ? signal : null], end + result.output);
    assert.strictEqual(server.counted.get('c hits'), 9, end + signal);
    if (!end.includes('throw')) assert.strictEqual(result.output.replace('ready\n', ''), '');
    await server.close();
  }
});

test('a server that is away does not hold up the end of a program for long', async () => {
  const server = await scriptedServer();
  await server.close();
  const start = Date.now();
  const { code, output } = await run(server, RECORD);
  assert.deepStrictEqual([code, output], [0, '']);
  // It takes two seconds at most; a busy machine gets some more to start Node, a client that goes on trying none.
  assert.ok(Date.now() - start < 15_000);
});

test('DATTSS_DEBUG says what is sent', async () => {
  const server = await scriptedServer();
  const { output } = await run(server, RECORD, { env: { DATTSS_DEBUG: '1' } });
  assert.match(output, /batch 1, \d+ bytes: 200/);
  await server.close();
});

test('programs written for the original run unchanged, and ES modules import it', async () => {
  const server = await scriptedServer();
  const original = `
    var api = require('./lib').process('api');
    var same = require('./lib').process({ name: 'api' });
    var other = require('./lib').dattss({ auth: 'KEY', http_host: '127.0.0.1', http_port: ${server.port}, process: 'other' });
    var agg = other.agg;
    if (api !== same) throw new Error('two clients of one process');
    api.agg('view', '3c!'); same.agg('view', '1c'); agg('view', '5ms');
    require('./lib').stop(); other.stop(); other.start(); other.agg('view', '6ms');`;
  assert.strictEqual((await run(server, original)).output, '');
  assert.deepStrictEqual([server.counted.get('c view'), server.counted.get('ms view')], [2, 2]);
  const module = "import client, { dattss } from './lib/index.mjs'; dattss().agg('esm', '1c'); client.dattss().count('esm');";
  assert.strictEqual((await run(server, module, { module: true })).output, '');
  assert.strictEqual(server.counted.get('c esm'), 2);
  await server.close();
});

test('a program that is asked to stop ends, unless it says otherwise', async () => {
  const server = await scriptedServer();
  const polls = [];
  server.onPoll = (body, response) => {
    polls.push(body);
    response.end('KEY-api');
  };
  const program = (options) => `
    const stats = require('./lib').dattss({ process: 'api', push_period: 3600, ${options} });
    stats.count('last');
    process.stdin.resume();`;
  const ended = await run(server, program(''));
  assert.deepStrictEqual([ended.code, ended.signal, ended.output], [1, null, '']);
  assert.strictEqual(server.counted.get('c last'), 1);
  const told = await run(server, program("on_stop: () => process.exit(5)"));
  assert.deepStrictEqual([told.code, told.output, polls.length], [5, '', 2]);
  // Whoever does not want to be asked does not ask.
  assert.strictEqual((await run(server, "require('./lib').dattss({ process: 'api', on_stop: false }).count('last')")).code, 0);
  assert.deepStrictEqual([polls.length, server.counted.get('c last')], [2, 3]);
  await server.close();
});

test('its timer keeps a program alive only when it is to', async () => {
  const server = await scriptedServer();
  const program = (options) => `
    const stats = require('./lib').dattss({ push_period: 100, ${options} });
    stats.count('alive');
    process.once('beforeExit', () => { process.stdout.write('has nothing to do'); });
    const { collect } = Object.getPrototypeOf(stats);
    let periods = 0;
    stats.collect = () => { collect.call(stats); periods += 1; if (periods === 3) process.exit(); };`;
  assert.strictEqual((await run(server, program(''))).output, 'has nothing to do');
  assert.strictEqual((await run(server, program('keep_alive: true'))).output, '');
  assert.strictEqual(server.counted.get('c alive'), 2);
  await server.close();
});

test('the command line says what the environment may say', async () => {
  const server = await scriptedServer();
  const source = "require('./lib').dattss({}).count('told')";
  for (const words of [['--auth', 'LINE'], ['--auth=LINE'], ['--dattss_auth_key=LINE'], ['--DATTSS_AUTH_KEY', 'LINE']]) {
    const port = `--dattss_server_http_port=${server.port}`;
    const child = spawn(process.execPath, ['-e', source, '--', 'x', ...words, port], {
      cwd: path.join(__dirname, '..'), env: { ...process.env, DATTSS_AUTH_KEY: 'KEY' },
    });
    assert.strictEqual((await new Promise((resolve) => child.on('exit', resolve))), 0);
    assert.strictEqual(server.auth, 'Bearer LINE', String(words));
  }
  assert.strictEqual(server.counted.get('c told'), 4);
  await server.close();
});

test('a process that asks for it is told once to stop', async () => {
  const server = await scriptedServer();
  const polls = [];
  server.onPoll = (body, response) => {
    polls.push(body);
    response.end(polls.length < 2 ? '' : 'KEY-api');
  };
  let stops = 0;
  const client = clientOf(server, { process: 'api', on_stop: () => { stops += 1; } });
  await until(() => stops === 1);
  assert.deepStrictEqual(polls[0], { auth: 'KEY', process: 'api', cid: polls[0].cid });
  assert.match(polls[0].cid, /^[0-9a-f]{32}$/);
  await client.stop();
  await server.close();
});
