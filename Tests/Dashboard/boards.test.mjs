// Boards: what a text becomes, what a change makes of a board that somebody else has changed meanwhile, and what its address says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { DAY, HOUR, load, NOON, serve } from './page.mjs';

const { blocks, pieces } = await load('boardtext.js');
const { addressAt, addressOfBoard, changed, nextScreen, readTime, reverse, titleOf, writeTime } = await load('boardchange.js');
const { AddressError, readPlot } = await load('exploreaddress.js');
const { loadPlot } = await load('exploredata.js');
const { shareWords } = await load('boardshare.js');
const { mayShare } = await load('boards.js');
serve(() => new Promise(() => {}));
const { sharedSource } = await load('shared.js');

const vectors = JSON.parse(readFileSync(new URL('../../Fixtures/boards/addresses.json', import.meta.url), 'utf8'));

test('the page takes the addresses that the server takes, and refuses the others with the same words', () => {
  assert.ok(vectors.good.length >= 5 && vectors.bad.length >= 25);
  for (const { address, queries } of vectors.good) {
    assert.deepEqual(readPlot(address).queries.map(({ kind, pattern, fold, by, top }) => [kind, pattern, fold, by, top]), queries, address);
  }
  for (const [address, words] of vectors.bad) {
    assert.throws(() => readPlot(address), error => error instanceof AddressError && error.message.includes(words), address);
  }
});

test('a text has headings, lists, bold words, code and links, and nothing becomes HTML', () => {
  assert.deepEqual(blocks('# On call\nAnn\nBob\n\nthen\n- one\n- two\n## More'), [
    { kind: 'h3', lines: [[{ kind: 'text', text: 'On call' }]] },
    { kind: 'p', lines: [[{ kind: 'text', text: 'Ann' }], [{ kind: 'text', text: 'Bob' }]] },
    { kind: 'p', lines: [[{ kind: 'text', text: 'then' }]] },
    { kind: 'ul', lines: [[{ kind: 'text', text: 'one' }], [{ kind: 'text', text: 'two' }]] },
    { kind: 'h4', lines: [[{ kind: 'text', text: 'More' }]] },
  ]);
  assert.deepEqual(blocks(''), []);
  const kinds = line => pieces(line).map(({ kind, text, href }) => href ? [kind, text, href] : [kind, text]);
  assert.deepEqual(kinds('a **b** `c*` d'), [['text', 'a '], ['bold', 'b'], ['text', ' '], ['code', 'c*'], ['text', ' d']]);
  assert.deepEqual(kinds('see https://a.example/x?y=1.'), [['text', 'see '], ['link', 'https://a.example/x?y=1', 'https://a.example/x?y=1'], ['text', '.']]);
  assert.deepEqual(kinds('[runbook](https://a.example/r)'), [['link', 'runbook', 'https://a.example/r']]);
  // What is no link to the web is no link.
  for (const line of ['[x](javascript:alert(1))', '[x](data:text/html,x)', '[x](/account)', '<b>x</b>', '** **', '2 * 3 * 4', '[x]()']) {
    assert.ok(pieces(line).every(({ kind, href }) => kind !== 'link' && !href), line);
    assert.equal(pieces(line).map(({ text }) => text).join('').replaceAll('**', ''), line.replaceAll('**', ''), line);
  }
});

const plot = name => ({ type: 'plot', address: `q=c:${name}`, title: name, width: 'half' });
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(plot);
const board = (...panels) => ({ name: 'Shop', panels });
const titles = board => board?.panels.map(({ title }) => title).join('') ?? null;

test('a change is made on what somebody else left, as long as its panel is there', () => {
  const wide = { ...b, width: 'full' };
  for (const [words, change, mine, theirs] of [
    ['a move', { move: a, at: 0, to: 2 }, 'bca', 'dbac'],
    ['a removal', { remove: b, at: 1 }, 'ac', 'dac'],
    ['an addition', { add: d, at: 3 }, 'abcd', 'dabdc'],
    ['another width', { put: b, at: 1, as: wide }, 'abc', 'dabc'],
  ]) {
    assert.equal(titles(changed(board(a, b, c), change)), mine, words);
    assert.equal(titles(changed(board(d, a, b, c), change)), theirs, words);
    const without = board(...[a, b, c, d].filter(panel => panel !== (change.move ?? change.remove ?? change.put)));
    assert.equal(change.add ? titles(changed(without, change)) : changed(without, change), change.add ? titles({ panels: [a, b, c, d, d] }) : null, words);
    assert.equal(titles(changed(changed(board(a, b, c), change), reverse(board(a, b, c), change))), 'abc', `${words}, taken back`);
  }
  assert.equal(changed(board(a, b), { put: b, at: 1, as: wide }).panels[1].width, 'full');
  // There may be two that are the same: the one is changed that is meant.
  assert.equal(titles(changed(board(a, b, a), { remove: a, at: 2 })), 'ab');
  assert.equal(changed(board(a), { rename: 'New' }).name, 'New');
  assert.deepEqual(reverse(board(a), { rename: 'New' }), { rename: 'Shop' });
  // A board is never changed where it lies.
  const before = board(a, b);
  changed(before, { remove: a, at: 0 });
  assert.equal(titles(before), 'ab');
});

test('the time of a board is that of all its plots, and is its address', () => {
  assert.equal(readTime(''), null);
  for (const time of [{ range: '7d', from: null, to: null }, { range: null, from: NOON - HOUR, to: NOON }]) assert.deepEqual(readTime(writeTime(time)), time);
  assert.equal(writeTime(null), '');
  assert.throws(() => readTime('range=2h'), AddressError);
  const shown = readPlot(addressAt({ address: 'q=ms:t;p50&range=3h&tz=UTC&vs=week' }, readTime('range=7d')));
  assert.deepEqual([shown.range, shown.vs, shown.queries[0].figure], ['7d', 'week', 'p50']);
  assert.equal(readPlot(addressAt({ address: 'q=c:a&from=2026-11-29T10:00Z&to=2026-11-29T11:00Z' }, { range: '1h', from: null, to: null })).from, null);
  assert.equal(addressAt({ address: 'q=x:a' }, { range: '1h', from: null, to: null }), 'q=x:a');
  assert.equal(addressOfBoard('a & b/ü?', { range: '1d', from: null, to: null }), '#board/a%20%26%20b%2F%C3%BC%3F?range=1d');
});

test('a panel is called by its title, that of its plot, or its patterns', () => {
  assert.equal(titleOf({ type: 'plot', title: 'T', address: 'q=c:a' }), 'T');
  assert.equal(titleOf({ type: 'plot', title: '', address: 'q=c:a&title=Plot' }), 'Plot');
  assert.equal(titleOf({ type: 'plot', title: '', address: 'q=c:a&q=g:b.*' }), 'a, b.*');
  assert.equal(titleOf({ type: 'plot', title: '', address: 'q=x' }), 'A plot');
  assert.equal(titleOf({ type: 'text', title: '', text: 'x' }), '');
});

test('a wall shows each screen of each board in turn, and begins again', () => {
  const turns = (count, screens, step) => {
    let at = { board: 0, screen: 0 };
    return Array.from({ length: 6 }, () => { at = nextScreen(at, count, screens(at.board), step); return `${at.board}.${at.screen}`; });
  };
  assert.deepEqual(turns(3, () => 1, 1), ['1.0', '2.0', '0.0', '1.0', '2.0', '0.0']);
  assert.deepEqual(turns(2, board => board ? 1 : 3, 1), ['0.1', '0.2', '1.0', '0.0', '0.1', '0.2']);
  assert.deepEqual(turns(3, () => 0, -1), ['2.0', '1.0', '0.0', '2.0', '1.0', '0.0']);
  assert.deepEqual(turns(1, () => 1, 1), Array(6).fill('0.0'));
});

test('a link asks by numbers and times only', async () => {
  const plot = readPlot('q=c:secret.*;top=3&q=g:other&range=1h&vs=usual&tz=UTC');
  const asked = serve(() => ({ series: [], statistics: 0, of: 0, approximate: false }));
  await loadPlot(plot, { from: NOON - HOUR, to: NOON, step: 1 }, sharedSource(4, 'ff', () => {}));
  assert.equal(asked.length, 2 * 8);
  for (const path of asked) {
    assert.match(path, /^\/api\/v1\/shared\/panels\/4\/lines\?query=[01]&from=\d+&to=\d+&step=1(&before=[1-7])?&version=ff$/);
  }
  const bands = serve(path => path.includes('heatmap') ? { bounds: [], counts: [], statistics: 0 } : { series: [], statistics: 0, of: 0 });
  await loadPlot(readPlot('q=ms:secret&draw=heatmap&tz=UTC'), { from: NOON - HOUR, to: NOON, step: 1 }, sharedSource(0, 'ff', () => {}));
  assert.deepEqual(bands.map(path => path.replace(/.*panels\/0\/(\w+\?query=\d|\w+\?).*/, '$1')).sort(), ['heatmap?', 'lines?query=0', 'lines?query=1', 'lines?query=2']);
});

test('a link is told by who made it, until when, and when it was used last', () => {
  const made = { by: 'ann', createdAt: NOON - DAY, expiresAt: null, lastUsedAt: null };
  assert.match(shareWords(made, NOON, 'UTC'), /by ann; until it is revoked; never used$/);
  assert.match(shareWords({ ...made, expiresAt: NOON + DAY, lastUsedAt: NOON - HOUR }, NOON, 'UTC'), /; until .*; last used /);
  assert.match(shareWords({ ...made, expiresAt: NOON }, NOON, 'UTC'), /; expired; /);
});

test('links are offered to whom the server lets make them', () => {
  assert.deepEqual(['owner', 'administer', 'edit', 'view', undefined].map(mayShare), [true, true, false, false, false]);
});
