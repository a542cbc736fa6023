// Whose statistics are asked for is said by the address, and never by anything else; and what a team says of itself is a sentence.

import assert from 'node:assert/strict';
import test from 'node:test';
import { load, refused, serve } from './page.mjs';

let count = 0;
/** The modules anew, for a page of this address. */
async function opened(pathname, search) {
  // Modules are kept by their address: another folder is another page.
  const { load } = await import(`./page.mjs?${count += 1}`);
  Object.assign(location, { pathname, search });
  return { api: await load('api.js'), view: await load('view.js') };
}

for (const [sentence, pathname, search, expected] of [
  ['without a name, one\'s own', '/', '', '/api/v1/status'],
  ['with a name, that user\'s', '/', '?user=shop', '/api/v1/status?user=shop'],
  ['an empty name is none', '/', '?user=', '/api/v1/status'],
  ['a name is no way to say more', '/', '?user=a%26auth%3Db', '/api/v1/status?user=a%26auth%3Db'],
  ['the demo is nobody\'s team', '/demo', '?user=shop', '/demo/api/v1/status'],
  ['nor is the server', '/server', '?user=shop', '/server/api/v1/status'],
  ['on the page of the account, too', '/account', '?user=shop', '/api/v1/status?user=shop'],
]) {
  test(`what is asked about: ${sentence}`, async () => {
    const { api } = await opened(pathname, search);
    const asked = serve(() => ({}));
    await api.ask('status');
    assert.deepEqual(asked, [expected]);
    assert.equal(api.routeOf('status'), expected);
  });
}

test('what is about oneself names nobody, and what has parameters gets one more', async () => {
  const { api } = await opened('/', '?user=shop');
  const asked = serve(() => ({}));
  await api.ask('sessions', { at: '', user: null });
  await api.ask('marks?from=1&to=2');
  assert.deepEqual(asked, ['/api/v1/sessions', '/api/v1/marks?from=1&to=2&user=shop']);
  assert.equal(api.addressOf('/account'), '/account?user=shop');
  assert.equal(api.addressOf('/', null), '/');
});

test('the address of a view keeps whose statistics are shown', async () => {
  const { view } = await opened('/', '?user=shop');
  const { View } = view;
  Object.assign(location, { hash: '#show=c:a&tz=UTC', href: 'http://stats.example/?user=shop#show=c:a&tz=UTC' });
  assert.ok(new View().address().startsWith('http://stats.example/?user=shop#show=c:a'));
  Object.assign(location, { pathname: '/', search: '', hash: '', href: 'http://stats.example/' });
});

const { choices } = await load('switcher.js');
const { deed } = await load('team.js');
const { offer } = await load('join.js');

test('there is one\'s own to choose, and each team with what one may do there', () => {
  const session = { teams: [{ user: 'bakery', role: 'administer' }, { user: 'shop', role: 'view' }] };
  assert.deepEqual(choices(session, 'shop'), [
    { user: null, words: 'mine', isShown: false },
    { user: 'bakery', words: 'bakery (administer)', isShown: false },
    { user: 'shop', words: 'shop (view)', isShown: true },
  ]);
  assert.deepEqual(choices({}, null), [{ user: null, words: 'mine', isShown: true }]);
  assert.ok(choices(session, undefined).every(({ isShown }) => !isShown));
});

for (const [line, expected] of [
  [{ action: 'team_invite', what: 'ann@example.com: view', by: 'shop' }, 'ann@example.com was invited (view) by shop'],
  [{ action: 'team_invite', what: 'i3fa1c09b: edit', by: 'shop' }, 'i3fa1c09b was invited (edit) by shop'],
  [{ action: 'team_revoke', what: 'ann@example.com', by: 'shop' }, 'ann@example.com is not invited any more by shop'],
  [{ action: 'team_join', what: 'ann: view, invited by shop', by: 'ann' }, 'ann joined (view, invited by shop)'],
  [{ action: 'team_role', what: 'ann: edit', by: 'bob' }, 'ann has another role (edit) by bob'],
  [{ action: 'team_leave', what: 'ann', by: 'ann' }, 'ann left'],
  [{ action: 'team_remove', what: 'ann', by: 'command line' }, 'ann was removed by command line'],
]) {
  test(`the history says: ${expected}`, () => {
    const { who, words } = deed(line);
    assert.equal(`${who} ${words}`, expected);
  });
}

test('what is of no team is not in its history', () => assert.equal(deed({ action: 'process_stop', what: 'api', by: 'x' }), null));

for (const [sentence, said, expected] of [
  ['whom one joins, and by whom', { user: 'shop', email: 'shop@example.com', role: 'view', by: 'ann@example.com' },
    'ann@example.com invites you to the team of shop (shop@example.com). There you may view: look at everything, and change nothing.'],
  ['the owner once, who invites', { user: 'shop', email: 'shop@example.com', role: 'edit', by: 'shop@example.com' },
    'shop@example.com invites you to the team of shop. There you may edit: look at everything, and change alerts, marks and favourites.'],
  ['an owner without an address', { user: 'local', email: null, role: 'administer', by: 'local' },
    'local invites you to the team of local. There you may administer: look at and change everything, keys and the team among it.'],
]) {
  test(`an invitation says ${sentence}`, () => assert.equal(offer(said).join(' '), expected));
}

test('whoever is removed is told so once it is asked for what is not theirs any more, and not for what is about themselves', async () => {
  const { api } = await opened('/', '?user=shop');
  let told = 0;
  api.onRemoved(() => { told += 1; });
  serve(() => refused(403, 'forbidden'));
  await assert.rejects(api.ask('status'));
  assert.equal(told, 1);
  await assert.rejects(api.ask('sessions', { at: '', user: null }));
  assert.equal(told, 1);
  serve(() => refused(403, 'role_needed'));
  await assert.rejects(api.ask('keys'));
  assert.equal(told, 1);
});
