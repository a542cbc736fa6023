'use strict';

const { Dattss } = require('./client');

/** What an option says, or one of its environment variables, or what is usual. A value that makes no sense is passed over. */
function choose(candidates, isGood, usual) {
  for (const candidate of candidates) {
    if (candidate !== undefined && candidate !== null && candidate !== '' && isGood(candidate)) return candidate;
  }
  return usual;
}

/** What the command line says: `--name=value`, or `--name value`. */
function argument(name) {
  const words = process.argv.slice(2);
  const place = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (place < 0) return undefined;
  return words[place] === `--${name}` ? words[place + 1] : words[place].slice(name.length + 3);
}

/** What is set where: on the command line, under its lower-case name or as it is, and in the environment. */
function setting(name) {
  return [argument(name.toLowerCase()), argument(name), process.env[name]];
}

const isText = (value) => typeof value === 'string';
const isWithin = (low, high) => (value) => Number(value) >= low && Number(value) <= high;

function optionsOf(spec) {
  const env = process.env;
  const auth = choose([spec.auth, argument('auth'), ...setting('DATTSS_AUTH_KEY'), env.DATTSS_CLIENT_AUTH], isText, '');
  const host = choose(
    [spec.http_host, spec.host, ...setting('DATTSS_SERVER_HTTP_HOST'), env.DATTSS_SERVER_HOST],
    (value) => isText(value) && !value.includes('/'), '127.0.0.1');
  const port = choose(
    [spec.http_port, spec.port, ...setting('DATTSS_SERVER_HTTP_PORT'), env.DATTSS_SERVER_PORT], isWithin(1, 65535), 3002);
  const address = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${Number(port)}`;
  const period = Number(choose([spec.push_period, ...setting('DATTSS_PUSH_PERIOD')], isWithin(0.1, 86400000), 5));
  const name = choose([spec.process, spec.name], isText, undefined);
  const isDebugging = choose([spec.debug, ...setting('DATTSS_DEBUG')], () => true, false);
  return {
    auth,
    url: choose([spec.url], isAddress, isAddress(address) ? address : 'http://127.0.0.1:3002'),
    process: name && name.slice(0, 64).replace(/[^A-Za-z0-9_.:!-]/g, '_'),
    percentile: Number(choose([spec.percentile, spec.pct, ...setting('DATTSS_PERCENTILE')], isWithin(Number.MIN_VALUE, 0.5), 0.1)),
    // Seconds; from 100 on milliseconds, as early clients had it.
    pushPeriod: Math.max(100, Math.round(period < 100 ? period * 1000 : period)),
    bufferBatches: Number(choose([spec.buffer_batches], isWithin(1, 1e6), 720)),
    bufferBytes: Number(choose([spec.buffer_bytes], isWithin(0, 1e12), 16 << 20)),
    exitMilliseconds: Number(choose([spec.exit_timeout], isWithin(0, 3600), 2)) * 1000,
    onStop: typeof spec.on_stop === 'function' || spec.on_stop === false ? spec.on_stop : undefined,
    keepAlive: spec.keep_alive === true,
    transport: spec.transport,
    debug: [true, '1', 'true', 'yes'].includes(isDebugging) ? (line) => console.error(`dattss: ${line}`) : () => {},
  };
}

function isAddress(value) {
  try {
    return ['http:', 'https:'].includes(new URL(value).protocol);
  } catch {
    return false;
  }
}

/** A client, started. One is enough for a program. */
function dattss(spec) {
  const client = new Dattss(optionsOf(spec || {}));
  // Callable without its object, as the original's were.
  for (const method of ['agg', 'count', 'time', 'gauge', 'measure', 'start', 'stop', 'flush']) {
    client[method] = Dattss.prototype[method].bind(client);
  }
  client.start();
  return client;
}

const singletons = new Map();

/** The one client of a process, by its name and key: `process('api')`, or options with a `name`. */
function ofProcess(spec) {
  const options = typeof spec === 'string' ? { name: spec } : { ...spec };
  options.name = options.name || options.process || 'noname';
  const key = `${options.auth || ''} ${options.name}`;
  if (!singletons.has(key)) singletons.set(key, dattss(options));
  return singletons.get(key);
}

/** Stops all that `process` made. */
function stop() {
  return Promise.all([...singletons.values()].map((client) => client.stop()));
}

module.exports = { dattss, process: ofProcess, stop };
