// Favourites on the page are those of the server, whatever fails between the two.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, serve, settled } from './page.mjs';

const { Favourites } = await load('favourites.js');

// Notices would go away after seconds; nobody waits for that.
globalThis.setTimeout = () => {};

/** A server with favourites, which takes a change when its turn in `answers` says so; and the page's. */
async function started(ids, answers = []) {
  const server = { ids };
  const asList = ids => ids.map(id => ({ typ: id.split(':')[0], pth: id.slice(id.indexOf(':') + 1) }));
  serve((path, { method, body }) => {
    if (method === 'GET') return { favourites: asList(server.ids) };
    if (answers.shift() === 'away') throw new Error('away');
    server.ids = JSON.parse(body).favourites.map(({ typ, pth }) => `${typ}:${pth}`);
    return {};
  });
  const favourites = new Favourites(() => {});
  await favourites.load(false);
  return { favourites, server };
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
