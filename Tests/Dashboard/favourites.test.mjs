// Favourites on the page are those of the server, whatever fails between the two.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, refused, serve, settled } from './page.mjs';

const { Favourites, merged } = await load('favourites.js');

// Notices would go away after seconds; nobody waits for that.
globalThis.setTimeout = () => {};

const asList = ids => ids.map(id => ({ typ: id.split(':')[0], pth: id.slice(id.indexOf(':') + 1) }));
const versionOf = ids => ids.join();

/** A server with favourites, which takes a change when its turn in `answers` says so; and the pages that know of it. */
async function started(ids, answers = [], pages = 1) {
  const server = { ids };
  serve((path, { method, body }) => {
    if (method === 'GET') return { favourites: asList(server.ids), version: versionOf(server.ids) };
    if (answers.shift() === 'away') throw new Error('away');
    const said = JSON.parse(body);
    if (said.version !== versionOf(server.ids)) return refused(409, 'outdated');
    server.ids = said.favourites.map(({ typ, pth }) => `${typ}:${pth}`);
    return { favourites: asList(server.ids), version: versionOf(server.ids) };
  });
  const all = [];
  for (let i = 0; i < pages; i++) {
    const favourites = new Favourites(() => {});
    await favourites.load(false);
    all.push(favourites);
  }
  return { favourites: all[0], all, server };
}

test('they come from the server, in its order, colons in paths and all', async () => {
  const { favourites } = await started(['c:b', 'ms:a:b:c']);
  assert.deepEqual(favourites.ids, ['c:b', 'ms:a:b:c']);
  assert.ok(favourites.has('ms:a:b:c'));
});

test('one is added at the end, and removed again', async () => {
  const { favourites, server } = await started(['c:a']);
  favourites.toggle('g:x:y');
  assert.deepEqual(favourites.ids, ['c:a', 'g:x:y']);
  await settled();
  assert.deepEqual(server.ids, ['c:a', 'g:x:y']);
  favourites.toggle('c:a');
  await settled();
  assert.deepEqual(server.ids, ['g:x:y']);
});

test('one is moved, not beyond the ends, and what stays is not sent', async () => {
  const { favourites, server } = await started(['c:a', 'c:b', 'c:c']);
  for (const [id, place, expected] of [['c:a', 2, 'c:b c:c c:a'], ['c:a', -3, 'c:a c:b c:c'], ['c:b', 99, 'c:a c:c c:b']]) {
    favourites.move(id, place);
    await settled();
    assert.equal(server.ids.join(' '), expected);
  }
  const { ids } = server;
  favourites.move('c:b', 2);
  await settled();
  assert.equal(server.ids, ids);
});

test('two hundred are the most, and those of others are for looking only', async () => {
  const { favourites, server } = await started(Array.from({ length: 200 }, (_, i) => `c:s${i}`));
  favourites.toggle('c:more');
  await settled();
  assert.equal(server.ids.length, 200);
  favourites.isReadOnly = true;
  favourites.toggle('c:s0');
  await settled();
  assert.equal(favourites.ids.length, 200);
});

for (const answers of [['away'], ['away', 'away'], ['up', 'away'], ['away', 'up'], ['away', 'up', 'away'], ['away', 'away', 'up'], ['up', 'away', 'away']]) {
  test(`after changes of which the server was ${answers.join(', ')}, both have the same`, async () => {
    const { favourites, server } = await started(['c:a'], [...answers]);
    answers.forEach((_, i) => favourites.toggle(`c:new${i}`));
    for (let i = 0; i < 10; i++) await settled();
    assert.deepEqual(favourites.ids, server.ids);
  });
}

for (const [sentence, base, mine, theirs, expected] of [
  ['what only one changed is as that one has it', 'a b', 'a b c', 'a b', 'a b c'],
  ['what only the other one changed', 'a b', 'a b', 'b', 'b'],
  ['what both added is there of both', 'a', 'a b', 'a c', 'a c b'],
  ['what both added alike is there once', 'a', 'a b', 'a b', 'a b'],
  ['what one removed goes, and what the other one added stays', 'a b', 'a', 'a b c', 'a c'],
  ['what one removed does not come back by another order', 'a b c', 'c a b', 'a c', 'c a'],
  ['another order stays, with what the other one added behind it', 'a b', 'b a', 'a b c', 'b a c'],
  ['everything removed and something added', 'a b', '', 'a b c', 'c'],
]) {
  test(`merged: ${sentence}`, () => {
    const list = text => text.split(' ').filter(Boolean);
    assert.deepEqual(merged(list(base), list(mine), list(theirs)), list(expected));
  });
}

test('two pages that change at the same time lose nothing of each other', async () => {
  const { all: [one, other], server } = await started(['c:a'], [], 2);
  one.toggle('c:of-one');
  other.toggle('c:of-other');
  other.toggle('c:a');
  for (let i = 0; i < 20; i++) await settled();
  assert.deepEqual([...server.ids].sort(), ['c:of-one', 'c:of-other']);
  assert.deepEqual(other.ids, server.ids);
  await one.refresh();
  assert.deepEqual(one.ids, server.ids);
});

test('what was changed elsewhere is taken in, and a change of ours that is not saved yet stays', async () => {
  const { favourites, server } = await started(['c:a']);
  server.ids = ['c:b', 'c:a'];
  await favourites.refresh();
  assert.deepEqual(favourites.ids, ['c:b', 'c:a']);
  server.ids = ['c:b'];
  favourites.toggle('c:mine');
  for (let i = 0; i < 20; i++) await settled();
  assert.deepEqual([favourites.ids, server.ids], [['c:b', 'c:mine'], ['c:b', 'c:mine']]);
});
