// What a number is measured in is told by its name, or by whoever looks.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, statistic } from './page.mjs';

const { setUnit, unitByName, unitOf, UNITS } = await load('units.js');

const store = new Map();
globalThis.localStorage = { getItem: name => store.get(name) ?? null, setItem: (name, text) => store.set(name, text) };

test('the ending of a name tells the unit, and nothing else does', () => {
  for (const [path, unit] of [
    ['memory.used.bytes', 'bytes'], ['net.rx_bytes', 'bytes'], ['bytes', 'bytes'], ['cpu.percent', '%'], ['disk-pct', '%'],
    ['log.replay.seconds', 's'], ['uptime_secs', 's'], ['render.ms', 'ms'], ['tick.us', 'us'], ['Memory.BYTES', 'bytes'],
    ['kilobytes', 'number'], ['bytes.count', 'number'], ['items', 'number'], ['boss', 'number'], ['status', 'number'], ['rooms', 'number'],
  ]) assert.equal(unitByName('g', path), unit, path);
  // Timers are in milliseconds, whatever they are called.
  assert.equal(unitByName('ms', 'job.seconds'), 'ms');
});

test('a setting goes before the name, is kept, and is forgotten when it says what the name says', () => {
  const stat = statistic('g', 'disk.free');
  assert.equal(unitOf(stat), 'number');
  setUnit(stat, 'bytes');
  assert.equal(unitOf(stat), 'bytes');
  // Another tab sets another one meanwhile.
  store.set('units', JSON.stringify({ ...JSON.parse(store.get('units')), 'c:other': '%' }));
  setUnit(stat, '%');
  assert.deepEqual(JSON.parse(store.get('units')), { 'g:disk.free': '%', 'c:other': '%' });
  setUnit(stat, 'number');
  assert.deepEqual(JSON.parse(store.get('units')), { 'c:other': '%' });
});

test('what somebody else put into the store does no harm', () => {
  store.set('units', '{"g:disk.free":"furlongs","g:x":null}');
  setUnit(statistic('g', 'y'), 'bytes');
  assert.equal(unitOf(statistic('g', 'disk.free')), 'number');
  store.set('units', 'no JSON');
  setUnit(statistic('g', 'y'), 'bytes');
  assert.equal(unitOf(statistic('g', 'y')), 'bytes');
  assert.ok(Object.keys(UNITS).length > 4);
});
