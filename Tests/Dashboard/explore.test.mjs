// A plot of Explore is its address: what can be shown can be written and read again, and what is wrong is said.

import assert from 'node:assert/strict';
import test from 'node:test';
import { DAY, HOUR, load, NOON, serve } from './page.mjs';

const address = await load('exploreaddress.js');
const { matcher } = await load('exploreglob.js');
const { extent, logTicks, momentWords, stacked, timeTicks, unitOfAxis } = await load('exploredraw.js');
const { ownSource, ratioOf, spreadOf, loadPlot, unitOfQuery } = await load('exploredata.js');
const { take } = await load('units.js');
const { cell, csvOf } = await load('explorefile.js');
const { meant, sorted } = await load('exploretable.js');
const { groupings } = await load('explore.js');
const { readPlot, writePlot, windowOf, withRange, emptyPlot, newQuery, AddressError, FIGURES, FOLDS, RANGES, COMPARISONS } = address;

test('whatever can be chosen is written and read again as it was', () => {
  for (const kind of ['c', 'ms', 'g']) {
    for (const figure of FIGURES[kind]) {
      for (const fold of Object.keys(FOLDS)) {
        const query = { ...newQuery(kind, 'a.{b,c}.*.[x-z]?.**'), figure, fold, by: fold === 'none' ? null : 'n1', top: 7, right: true };
        for (const [range, from, to] of [...Object.keys(RANGES).map(range => [range, null, null]), [null, NOON - HOUR, NOON]]) {
          for (const vs of [null, ...Object.keys(COMPARISONS)]) {
            const plot = { ...emptyPlot(), queries: [query, newQuery('g', 'x')], range, from, to, zone: 'Etc/GMT+3', step: 60, draw: 'stacked', vs, isRatio: true, title: 'a & b = “ü” + 50 %' };
            assert.deepEqual(readPlot(writePlot(plot)), plot);
          }
        }
      }
    }
  }
  assert.equal(
    writePlot(readPlot('q=c:shop.pages.*;fold=sum;by=n2;top=5&q=ms:t;p99;right&range=1d&tz=Europe/Paris')),
    'v=1&q=c:shop.pages.*;fold=sum;by=n2;top=5&q=ms:t;p99;right&range=1d&tz=Europe/Paris');
});

test('what is wrong with an address is said by name', () => {
  for (const [text, words] of [
    ['q=x:a', 'q: is “x:a”'], ['q=c:', 'expected a kind and a pattern'], ['q=c:a b', 'expected a kind'], ['q=c:a%3Cb', 'has a character'],
    ['q=c:a;p99', '“p99” is no option of c:a'], ['q=c:a;top=0', '“top=0”'], ['q=c:a;top=101', '“top=101”'], ['q=c:a;by=n1', 'needs a fold'],
    ['range=2h', 'range: is “2h”'], ['range=1h&range=3h', 'range: is there twice'], ['from=2026-11-29T10:00Z', 'one is there without the other'],
    ['from=2026-11-29T10:00Z&to=2026-11-29T10:01Z', '5 minutes at least'], ['from=2024-11-29T10:00Z&to=2026-11-29T10:01Z', '400 days at most'],
    ['from=yesterday&to=2026-11-29T10:01Z', 'from: is “yesterday”'], ['range=1h&from=2026-11-29T10:00Z&to=2026-11-29T11:00Z', 'range: cannot be'],
    ['tz=Mars', 'tz: “Mars”'], ['step=7', 'step: is “7”'], ['draw=pie', 'draw: is “pie”'], ['vs=never', 'vs: is “never”'], ['v=2', 'v: is “2”'],
    ['ratio=1&q=c:a', 'ratio: is of two'], ['draw=heatmap&q=c:a', 'a heatmap is of one pattern of timers'], ['colour=red', '“colour” is not known'],
    ['draw=constructor', 'draw: is'], ['q=c:a;constructor', 'is no option'], ['q=c:a;fold=constructor', 'is no option'], ['constructor=1', 'is not known'],
    [Array(9).fill('q=c:a').join('&'), 'more than 8'], [`title=${'x'.repeat(121)}`, 'longer than 120'],
  ]) {
    assert.throws(() => readPlot(text), error => error instanceof AddressError && error.message.includes(words), text);
  }
});

test('a window has whole steps of the zone, covers the range, and has no more points than pixels have room for', () => {
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/New_York']) {
    for (const range of Object.keys(RANGES)) {
      for (const pixels of [320, 1400]) {
        const { from, to, step } = windowOf({ ...emptyPlot(), range, zone }, pixels, NOON + 30);
        assert.equal((to - from) % (step * 60), 0);
        assert.ok((to - from) / step / 60 <= Math.max(60, pixels / 2) + 2, `${range} ${pixels}`);
        assert.ok(from <= NOON + 30 - RANGES[range] * 60 && to > NOON - step * 60);
        assert.equal((from + address.zoneOffset(from, zone)) % Math.min(step * 60, DAY), 0, `${zone} ${range}`);
      }
    }
  }
  // What is older than minutes are kept is known by the hour.
  assert.equal(windowOf({ ...emptyPlot(), range: null, from: NOON - 20 * DAY, to: NOON - 20 * DAY + 3 * HOUR, zone: 'UTC' }, 1400, NOON).step, 60);
});

test('a range stays within what can be asked, and never ends in the future', () => {
  const plot = emptyPlot();
  const lengths = ({ from, to }) => [to - from, (NOON - to) / 60];
  assert.deepEqual(lengths(withRange(plot, NOON - HOUR, NOON, NOON)), [HOUR, 0]);
  assert.deepEqual(lengths(withRange(plot, NOON - HOUR, NOON + HOUR, NOON)), [2 * HOUR, 0]);
  assert.equal(lengths(withRange(plot, NOON - HOUR, NOON - HOUR + 1, NOON))[0], 300);
  const long = withRange(plot, NOON - 900 * DAY, NOON, NOON);
  assert.equal(long.to - long.from, 400 * DAY);
  readPlot(writePlot({ ...long, queries: [] }));
});

test('a day of the dashboard becomes the same range', () => {
  const stat = { kind: 'c', path: 'a' };
  const of = options => readPlot(address.addressOfDay(stat, options).replace('#explore?', ''));
  assert.equal(of({ day: '2026-11-29', zone: 'UTC', isToday: true, part: null }).range, '1d');
  const day = of({ day: '2026-11-28', zone: 'America/New_York', isToday: false, part: null });
  assert.deepEqual([day.from, day.to].map(at => new Date(at * 1000).toISOString()), ['2026-11-28T05:00:00.000Z', '2026-11-29T05:00:00.000Z']);
  const part = of({ day: '2026-11-29', zone: 'UTC', isToday: true, part: [540, 720] });
  assert.deepEqual([part.from, part.to], [NOON - 3 * HOUR, NOON]);
});

test('patterns mean here what they mean on the server', () => {
  for (const [pattern, yes, no] of [
    ['a.*.c', ['a.b.c', 'a..c'], ['a.b.b.c', 'xa.b.c']], ['a.**', ['a.b', 'a.b.c'], ['b.a']], ['**.c', ['c', 'a.c', 'a.b.c'], ['a.xc']],
    ['a.**.c', ['a.c', 'a.b.c', 'a.b.b.c'], ['a.bc']], ['a.{b,c.d}', ['a.b', 'a.c.d'], ['a.c', 'a.{b']], ['a?[x-z]', ['abx', 'acz'], ['a.x', 'aba']],
    ['{a,{b,c}}d', ['ad', 'bd', 'cd'], ['d']], ['a.b', ['a.b'], ['axb']], ['a{b', [], ['a{b']],
  ]) {
    const matches = matcher(pattern);
    for (const path of yes) assert.ok(matches(path), `${pattern} ${path}`);
    for (const path of no) assert.ok(!matches(path), `${pattern} ${path}`);
  }
});

test('ticks of time are round in the zone, in order and never too many', () => {
  for (const zone of ['UTC', 'Asia/Kolkata', 'Europe/Berlin']) {
    for (const seconds of [15 * 60, HOUR, 6 * HOUR, DAY, 3 * DAY, 40 * DAY, 400 * DAY]) {
      const ticks = timeTicks(NOON - seconds, NOON, 700, zone);
      assert.ok(ticks.length >= 2 && ticks.length <= 13, `${zone} ${seconds}: ${ticks.length}`);
      assert.ok(ticks.every(({ at }, i) => i === 0 || at > ticks[i - 1].at));
      if (seconds >= 3 * DAY) assert.ok(ticks.every(({ at }) => seconds === 3 * DAY || (at + address.zoneOffset(at, zone)) % DAY === 0), `${zone} ${seconds}`);
    }
  }
  // Over the change of clocks midnight stays midnight.
  const change = Date.UTC(2026, 9, 25, 12) / 1000;
  assert.ok(timeTicks(change - 5 * DAY, change + 5 * DAY, 700, 'Europe/Berlin').every(({ at }) => (at + address.zoneOffset(at, 'Europe/Berlin')) % DAY === 0));
});

test('stacks, ratios and spreads are what they say, and a gap stays one', () => {
  assert.deepEqual(stacked([{ values: [1, null, 2] }, { values: [3, 4, null] }], 3).map(steps => steps.map(({ low, high }) => [low, high])),
    [[[0, 1], [0, 0], [0, 2]], [[1, 4], [0, 4], [2, 2]]]);
  const ratio = ratioOf([[{ name: 'a', values: [1, 2, null, 4] }], [{ name: 'b', values: [2, 0, 1, null] }]]);
  assert.deepEqual(ratio.map(({ values, unit }) => [values, unit]), [[[50, null, null, null], '%']]);
  const byName = ratioOf([[{ name: 'a', values: [1] }, { name: 'c', values: [1] }], [{ name: 'a', values: [4] }, { name: 'b', values: [2] }]]);
  assert.deepEqual(byName.map(({ name, values }) => [name, values]), [['a', [25]]]);
  assert.deepEqual(spreadOf([[1, null], [3, null]], 2), [{ mean: 2, low: 1, high: 3 }, null]);
  assert.deepEqual([extent([]), extent([[null]]), extent([[0, 10]]), extent([[-10, 0]])], [[0, 1], [0, 1], [0, 10.8], [-10.8, 0]]);
  assert.ok(extent([[100, 101]])[0] > 90);
  assert.deepEqual(logTicks(9, 220), [10, 20, 50, 100, 200]);
});

test('what is compared with was so much earlier, and the usual is seven days', async () => {
  const asked = serve(path => {
    const said = new URL(path, 'http://x').searchParams;
    return { from: Number(said.get('from')), step: 60, statistics: 1, of: 1, approximate: false, series: [{ name: 'a', values: [(NOON - said.get('to')) / DAY, null] }] };
  });
  const window = { from: NOON - 2 * HOUR, to: NOON, step: 60 };
  const plot = vs => ({ ...emptyPlot(), queries: [newQuery('c', 'a')], vs });
  assert.deepEqual((await loadPlot(plot('day'), window)).lines[0].before, [1, null]);
  assert.deepEqual((await loadPlot(plot('week'), window)).lines[0].before, [7, null]);
  asked.length = 0;
  const [line] = (await loadPlot(plot('usual'), window)).lines;
  assert.deepEqual([asked.length, line.before[0], line.band[0]], [8, 4, { mean: 4, low: 1, high: 7 }]);
});

test('a file of numbers has all digits, and no cell is a formula', () => {
  const data = { from: NOON, step: 1, count: 2, lines: [{ title: 'a, "b"', values: [1 / 3, null] }, { title: '=1+1', values: [-2, 1e21] }] };
  assert.equal(csvOf(data), 'time,"a, ""b""",\'=1+1\r\n2026-11-29T12:00:00Z,0.3333333333333333,-2\r\n2026-11-29T12:01:00Z,,1e+21\r\n');
  assert.deepEqual(['-5', '-x', '@x', 'a\nb'].map(cell), ['-5', "'-x", "'@x", '"a\nb"']);
});

test('the table sorts by each column, and what has no number is last', () => {
  const stats = [{ kind: 'g', path: 'b', value: 2, seen: NOON }, { kind: 'g', path: 'a', value: null, seen: NOON }, { kind: 'g', path: 'c', value: 10, seen: NOON }];
  const paths = (column, isDescending) => sorted(stats, column, isDescending, NOON).map(({ path }) => path).join('');
  assert.deepEqual([paths(0, false), paths(0, true), paths(1, false), paths(1, true)], ['abc', 'cba', 'bca', 'cba']);
  assert.deepEqual(meant([newQuery('g', '{a,b}'), newQuery('g', '*')], stats).length, 3);
  assert.equal(meant([newQuery('c', '*')], stats).length, 0);
});

test('what lines can be grouped by are the parts of paths and their tags', () => {
  assert.deepEqual(groupings(['hits.env:prod', 'hits.env:test']),
    [{ value: 'n0', label: 'by part 1: hits' }, { value: 'env', label: 'by env: prod, test' }]);
});

test('numbers have the unit of what they are, by the name, by hand, and by the figure', async () => {
  take({ units: [{ typ: 'g', pth: 'disk.free', unit: 'bytes' }] });
  for (const [kind, pattern, figure, unit] of [
    ['g', 'mem.bytes', 'average', 'bytes'], ['g', 'disk.free', 'max', 'bytes'], ['g', 'disk.free', 'count', 'number'], ['g', 'cpu.percent', 'average', '%'],
    ['g', 'host.*.bytes', 'sum', 'bytes'], ['g', 'reads_per_second', 'average', '/s'], ['g', 'load', 'average', 'number'],
    // What a counter counts is its unit, also by the minute.
    ['c', 'net.rx_bytes', 'per-second', 'bytes'], ['c', 'net.rx_bytes', 'per-minute', 'bytes'], ['c', 'net.rx_bytes', 'count', 'number'],
    ['ms', 'shop.time', 'p95', 'ms'], ['ms', 'shop.time', 'per-second', 'number'], ['ms', 'shop.time', 'sum', 'ms'],
  ]) assert.equal(unitOfQuery({ kind, pattern, figure }), unit, `${kind}:${pattern} ${figure}`);
  serve(() => ({ statistics: 2, of: 2, approximate: false, series: [{ name: 'host.bytes', values: [1] }, { name: 'host.load', values: [2] }] }));
  const plot = { ...emptyPlot(), queries: [newQuery('g', 'host.*')] };
  const { lines } = await loadPlot(plot, { from: NOON, to: NOON + 60, step: 1 });
  assert.deepEqual(lines.map(({ unit, per }) => [unit, per]), [['bytes', ''], ['number', '']]);
  assert.equal(unitOfAxis(lines), 'number');
  assert.equal(unitOfAxis(lines.slice(0, 1)), 'bytes');
  assert.equal(unitOfAxis([]), 'number');
  const counted = await loadPlot({ ...plot, queries: [{ ...newQuery('c', 'host.*'), figure: 'per-second' }] }, { from: NOON, to: NOON + 60, step: 1 });
  assert.deepEqual(counted.lines.map(({ per }) => per), ['/s', '/s']);
  take({ units: [] });
});

test('what lies beside a window is as much again, but not what is to come, nor what is too old', () => {
  const length = 60 * 60;
  const wide = (from, count) => { const { from: first, to, step } = address.widened({ from, step: 60, count }, NOON); return [(from - first) / length, (to - from) / length - count, step]; };
  assert.deepEqual(wide(NOON - 30 * DAY, 48), [48, 48, 60]);
  assert.deepEqual(wide(NOON - 72 * HOUR, 48), [48, 24, 60]);
  assert.deepEqual(wide(NOON - 48 * HOUR, 48), [48, 0, 60]);
  // A step that is not over belongs to it.
  assert.deepEqual(wide(NOON - 48.5 * HOUR, 48), [48, 1, 60]);
  assert.deepEqual(wide(NOON - 400 * DAY + 5 * HOUR, 48), [5, 48, 60]);
  assert.deepEqual(wide(NOON - 401 * DAY, 48), [0, 48, 60]);
});

test('what happened is asked for once by plots that show the same time, and again after a while', async () => {
  const { now: clock } = Date;
  let time = NOON * 1000;
  Date.now = () => time;
  try {
    const paths = serve(() => ({ marks: [{ at: NOON - 60, text: 'x', tags: [] }], cut: true }));
    const window = { from: NOON - HOUR, to: NOON };
    const found = await Promise.all([ownSource.marks(window), ownSource.marks(window), ownSource.marks({ ...window, to: NOON + 60 })]);
    assert.deepEqual(paths, [`/api/v1/marks?from=${NOON - HOUR}&to=${NOON}`, `/api/v1/marks?from=${NOON - HOUR}&to=${NOON + 60}`]);
    assert.deepEqual([found[0].marks[0].place, found[0].isCut], [NOON - 60, true]);
    time += 6000;
    await ownSource.marks(window);
    assert.equal(paths.length, 3);
  } finally {
    Date.now = clock;
  }
});

test('a moment is named with its day where a plot has more than one', () => {
  assert.equal(momentWords(NOON, 1440, 'UTC'), '12:00');
  assert.match(momentWords(NOON, 1441, 'UTC'), /^29 Nov,? 12:00$/);
});
