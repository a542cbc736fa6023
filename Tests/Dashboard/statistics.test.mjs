// What the stream tells becomes what is shown: in the unit that is shown, by the server's clock, and silent when it is silent.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, NOON, setClock, statistic } from './page.mjs';

const { average, current, extremes, identity, now, parse, shown, Statistics } = await load('statistics.js');
const { total } = await load('tree.js');
const { addressOf } = await load('silent.js');
const { View } = await load('view.js');
const { isComplete, suggested, suggestedOfServer } = await load('suggestions.js');

const told = { at: NOON, c: [], g: [], ms: [] };

test('a statistic is named by its kind and its path, and by nothing else', () => {
  for (const id of ['c:shop.orders', 'ms:a', 'g:a:b!c-d_e..', 'c:__proto__', `g:${'a'.repeat(255)}`]) {
    assert.equal(parse(id)?.id, id);
    assert.equal(identity(parse(id).kind, parse(id).path), id);
  }
  for (const id of ['', 'c:', 'x:a', 'a.b', 'c:a b', 'c:é', 'c:a,b', `c:${'a'.repeat(256)}`, 'c:a\n', ' c:a', 'C:a']) {
    assert.equal(parse(id), null, JSON.stringify(id));
  }
});

test('an average ends a minute after the last sample: a counter is zero then, others are unknown', () => {
  const at = (kind, avg, ago) => average(statistic(kind, 'a', { avg, seen: NOON - ago }), NOON);
  assert.deepEqual([at('c', .5, 0), at('c', .5, 60), at('c', .5, 61)], [30, 30, 0]);
  assert.deepEqual([at('g', 7, 60), at('g', 7, 61), at('ms', 0, 0), at('ms', 7, 61)], [7, null, 0, null]);
  // Known only by its name: nobody knows whether there was anything.
  assert.equal(average(parse('c:a'), NOON), null);
});

test('what is compared is the value of a gauge and the average of the others', () => {
  const values = { avg: 2, value: 9 };
  assert.deepEqual(['c', 'g', 'ms'].map(kind => current(statistic(kind, 'a', values), NOON)), [120, 9, 2]);
});

test('what is shown first is a rate, a value, or a mean, be it the last one that is known', () => {
  const old = { avg: 2, value: 9, seen: NOON - 61 };
  assert.deepEqual(['c', 'g', 'ms'].map(kind => shown(statistic(kind, 'a', { avg: 2, value: 9 }), NOON)), [120, 9, 2]);
  assert.deepEqual(['c', 'g', 'ms'].map(kind => shown(statistic(kind, 'a', old), NOON)), [0, 9, 9]);
});

test('the smallest and the largest are those of the last minute, and counters have none', () => {
  const at = (kind, ago, values = { min: 1, max: 3 }) => extremes(statistic(kind, 'a', { ...values, seen: NOON - ago }), NOON);
  assert.deepEqual([at('ms', 60), at('g', 0), at('ms', 61), at('c', 0), at('ms', 0, { min: null, max: null })], [[1, 3], [1, 3], null, null, null]);
});

test('time is the server\'s, however wrong the browser\'s clock is', () => {
  setClock(NOON - 3600);
  new Statistics().apply(told);
  assert.equal(now(), NOON);
  setClock(NOON - 3590);
  assert.equal(now(), NOON + 10);
  setClock(NOON);
  new Statistics().apply(told);
});

test('statistics of one path and several kinds are several, and only new ones are told as new', () => {
  const statistics = new Statistics();
  const status = {
    at: NOON,
    c: [{ pth: 'A.b', sum: 3, avg: .05, emp: false, seen: NOON }],
    g: [{ pth: 'A.b', lst: 0, avg: -1, emp: true, seen: NOON }],
    ms: [{ pth: 'A.b', avg: 12, p50: 10, p95: null, p99: null, emp: false, seen: NOON }],
  };
  const added = statistics.apply(status);
  assert.deepEqual(added.map(stat => [stat.id, stat.value, stat.folded]), [['c:A.b', 3, 'a.b'], ['g:A.b', 0, 'a.b'], ['ms:A.b', 12, 'a.b']]);
  const stat = statistics.all.get('c:A.b');
  stat.hour = { values: [] };
  status.c[0].sum = 4;
  assert.deepEqual(statistics.apply(status), []);
  assert.equal(statistics.all.get('c:A.b'), stat);
  assert.deepEqual([stat.value, stat.hour], [4, { values: [] }]);
});

const all = (...stats) => new Map(stats.map(stat => [stat.id, stat]));

test('what is suggested is of each kind, emphasised before busy, and busy before silent', () => {
  const stats = all(
    statistic('c', 'quiet', { avg: 1 }), statistic('c', 'busy', { avg: 9 }), statistic('c', 'gone', { avg: 99, seen: NOON - 999 }),
    statistic('ms', 'slow', { avg: 5 }), statistic('ms', 'marked', { avg: 1, emp: true }),
    statistic('g', 'down', { avg: -9 }), statistic('g', 'up', { avg: 3 }));
  assert.deepEqual(suggested(stats, NOON), ['c:busy', 'ms:marked', 'g:down', 'c:quiet']);
  assert.ok(isComplete(suggested(stats, NOON)));
  assert.deepEqual(suggested(all(), NOON), []);
  assert.deepEqual(suggested(all(statistic('g', 'a'), statistic('g', 'b', { avg: 1 })), NOON), ['g:a', 'g:b']);
});

test('what tells something comes before what is only large', () => {
  const stats = all(statistic('g', 'host.disk.bytes', { avg: 5e11, value: 5e11 }), statistic('g', 'host.disk.free', { avg: 4e11 }),
    statistic('g', 'host.net.total_bytes', { avg: 9e12 }), statistic('g', 'host.load.1m', { avg: .4 }), statistic('g', 'host.cpu', { avg: 12 }));
  assert.deepEqual(suggested(stats, NOON).slice(0, 2), ['g:host.cpu', 'g:host.load.1m']);
});

test('of the server itself, what it refuses comes first', () => {
  const stats = all(statistic('c', 'ingest.samples'), statistic('c', 'http.refused.busy', { value: 0 }),
    statistic('c', 'udp.refused.key', { value: 2 }), statistic('g', 'memory.bytes'));
  assert.deepEqual(suggestedOfServer(stats), ['c:udp.refused.key', 'c:ingest.samples', 'g:memory.bytes']);
});

test('a total says since when it counts, as far as the server knows', () => {
  const told = (path, sum, since) => ({ at: NOON, g: [], ms: [], c: [{ typ: 'c', pth: path, sum, since, avg: 0, emp: false, seen: NOON }] });
  const { all } = new Statistics();
  const statistics = Object.assign(new Statistics(), { all });
  statistics.apply(told('shop.orders', 1234567, NOON - 40 * 86400));
  assert.equal(total(all.get('c:shop.orders'), NOON, 'UTC'), 'total 1,234,567 since 20 Oct 12:00');
  statistics.apply(told('shop.orders', 1234568, undefined));
  assert.equal(total(all.get('c:shop.orders'), NOON, 'UTC'), 'total 1,234,568');
});

test('a silent statistic is found on the day on which it was sent last, in the zone that is looked in', () => {
  const view = Object.assign(new View(), { zone: 'Pacific/Auckland', step: 15 });
  const address = addressOf({ typ: 'c', pth: 'a:b', seen: NOON - 86400 }, view);
  assert.equal(address, 'http://stats.example/#show=c:a:b&day=2026-11-29&tz=Pacific/Auckland&step=15');
  // What is looked at stays as it is.
  assert.deepEqual([view.shown, view.day], [null, null]);
});
