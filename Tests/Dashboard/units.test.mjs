// What a number is measured in is told by its name, or by whoever looks; the server keeps what they say.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, refused, serve, statistic } from './page.mjs';

const { loadUnits, setUnit, unitByName, unitOf, UNITS } = await load('units.js');

// Notices would go away after seconds; nobody waits for that.
globalThis.setTimeout = () => {};

/** A server that keeps units, and notes what it is told. */
function server(units = []) {
  const told = [];
  serve((path, { method, body }) => {
    if (method === 'PUT') {
      const said = JSON.parse(body);
      told.push(said);
      units = units.filter(({ typ, pth }) => typ !== said.typ || pth !== said.pth);
      if (said.unit) units.push(said);
    }
    return { units };
  });
  return told;
}

test('the ending of a name tells the unit, and nothing else does', () => {
  for (const [path, unit] of [
    ['memory.used.bytes', 'bytes'], ['net.rx_bytes', 'bytes'], ['bytes', 'bytes'], ['cpu.percent', '%'], ['disk-pct', '%'],
    ['log.replay.seconds', 's'], ['uptime_secs', 's'], ['render.ms', 'ms'], ['tick.us', 'us'], ['disk.reads_per_second', '/s'],
    ['api.rps', '/s'], ['db.qps', '/s'], ['io.per_sec', '/s'], ['hops', 'number'], ['upper_second', 'number'], ['Memory.BYTES', 'bytes'],
    ['kilobytes', 'number'], ['bytes.count', 'number'], ['items', 'number'], ['boss', 'number'], ['status', 'number'], ['rooms', 'number'],
  ]) assert.equal(unitByName('g', path), unit, path);
  // Timers are in milliseconds, whatever they are called.
  assert.equal(unitByName('ms', 'job.seconds'), 'ms');
});

test('a setting goes before the name, is kept, and is forgotten when it says what the name says', async () => {
  const [stat, told] = [statistic('g', 'disk.free'), server()];
  await loadUnits();
  assert.equal(unitOf(stat), 'number');
  const saving = setUnit(stat, 'bytes');
  // At once, whenever the server answers.
  assert.equal(unitOf(stat), 'bytes');
  await saving;
  assert.equal(unitOf(stat), 'bytes');
  await setUnit(stat, 'number');
  assert.equal(unitOf(stat), 'number');
  assert.deepEqual(told, [{ typ: 'g', pth: 'disk.free', unit: 'bytes' }, { typ: 'g', pth: 'disk.free', unit: null }]);
});

test('what another tab or browser sets stays, and is seen', async () => {
  const units = [];
  server(units);
  await loadUnits();
  units.push({ typ: 'c', pth: 'other', unit: '%' });
  await setUnit(statistic('g', 'disk.free'), 'bytes');
  assert.equal(unitOf(statistic('c', 'other')), '%');
});

test('what was not saved is as it was before, and what is for looking only is asked of nobody', async () => {
  const stat = statistic('g', 'disk.free');
  server([{ typ: 'g', pth: 'disk.free', unit: 'bytes' }]);
  await loadUnits();
  serve(() => refused(503, 'unavailable'));
  await setUnit(stat, '%');
  assert.equal(unitOf(stat), 'bytes');
  const asked = serve(() => refused(405, 'read_only'));
  await setUnit(stat, 's', true);
  assert.equal(unitOf(stat), 's');
  assert.deepEqual(asked, []);
});

test('a unit that this page does not know does no harm', async () => {
  server([{ typ: 'g', pth: 'disk.free', unit: 'furlongs' }, { typ: 'g', pth: 'x', unit: null }]);
  await loadUnits();
  assert.equal(unitOf(statistic('g', 'disk.free')), 'number');
  assert.equal(unitOf(statistic('g', 'x')), 'number');
  assert.ok(Object.keys(UNITS).length > 4);
});
