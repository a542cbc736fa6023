// What people copy and read on the pages of an account and of a first start.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './page.mjs';

const { browser } = await load('keys.js');
const { examples } = await load('start.js');

for (const [agent, expected] of [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox on Linux'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0', 'Edge on Windows'],
  ['Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
    'Safari on iPhone'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15', 'Safari on Mac OS'],
  ['curl/8.5.0', 'curl/8.5.0'],
  ['', 'unknown program'],
  ['x'.repeat(500), 'x'.repeat(40)],
]) {
  test(`a browser is called ${expected.slice(0, 20)}`, () => assert.equal(browser(agent), expected));
}

test('every example has the key, and reaches the server by the name in the address', () => {
  const key = 'k.ABCDEF';
  for (const [origin, hostname, host] of [
    ['http://127.0.0.1:3002', '127.0.0.1', '127.0.0.1'], ['https://stats.example', 'stats.example', 'stats.example'], ['http://[::1]:3002', '[::1]', '::1'],
  ]) {
    Object.assign(location, { origin, hostname });
    for (const [name, [where, lines]] of Object.entries(examples({ key, udp: 9125, statsd: false }))) {
      assert.ok(where.length > 5, name);
      assert.ok(lines.includes(key), name);
      assert.ok(lines.includes(origin) || lines.includes(host) && lines.includes('9125'), name);
    }
  }
});

test('lines of statsd have the key unless the server knows whose they are', () => {
  const line = statsd => examples({ key: 'KEY', udp: null, statsd }).statsd[1];
  assert.match(line(false), /^echo "KEY\.hello\.world:1\|c" > \/dev\/udp\/.*\/8125$/);
  assert.match(line(true), /^echo "hello\.world:1\|c"/);
});
