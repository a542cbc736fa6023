// The links by which others see a board: made, listed, copied once, revoked.

import { ask } from './api.js';
import { confirm, copy, h, notify } from './dom.js';
import { moment } from './format.js';

const DAYS = [['1', 'for a day'], ['7', 'for a week'], ['30', 'for 30 days'], ['365', 'for a year'], ['', 'until it is revoked']];

/** What the list says of a link. */
export function shareWords({ by, createdAt, expiresAt, lastUsedAt }, time, zone) {
  const at = seconds => moment(seconds, zone, time);
  const until = expiresAt == null ? 'until it is revoked' : expiresAt <= time ? 'expired' : `until ${at(expiresAt)}`;
  return `made ${at(createdAt)} by ${by}; ${until}; ${lastUsedAt == null ? 'never used' : `last used ${at(lastUsedAt)}`}`;
}

export async function showShares(board, zone) {
  const path = `boards/${encodeURIComponent(board.name)}/shares`;
  const list = h('ul.bshares');
  const made = h('div.bmade', { role: 'status' });
  const days = h('select', { 'aria-label': 'How long the link is good' }, ...DAYS.map(([value, words]) => h('option', { value, selected: value === '30' }, words)));
  const make = h('button.primary', { type: 'button', onclick: () => create() }, 'Make a link');
  const dialog = h('dialog.bshare', { 'aria-labelledby': 'share-title' },
    h('h2', { id: 'share-title' }, `Links to “${board.name}”`),
    h('p', {}, 'Whoever has a link sees this board, live, without signing in: the statistics of its plots over any time, and nothing else.'),
    h('div.bline', {}, days, make), made, list,
    h('div.actions', {}, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')));

  async function refresh() {
    try {
      const { shares } = await ask(path);
      make.disabled = false;
      const time = Date.now() / 1000;
      list.replaceChildren(...shares.map((share, i) => h('li', {}, h('small', {}, shareWords(share, time, zone)),
        h('button.quiet', { type: 'button', 'aria-label': `Revoke link ${i + 1}`, onclick: () => revoke(share) }, 'Revoke'))));
    } catch (error) {
      // Who may not see them may make none.
      make.disabled = error.status === 403;
      list.replaceChildren(h('li', {}, `The links were not loaded: ${error.message}.`));
    }
  }

  async function create() {
    make.disabled = true;
    try {
      const { link } = await ask(path, { method: 'POST', body: { days: days.value ? Number(days.value) : null } });
      made.replaceChildren(h('p', {}, 'Copy it now: it is not shown again.'), h('code', {}, link), ' ',
        h('button', { type: 'button', onclick: () => copy(link, 'Link') }, 'Copy'));
    } catch (error) {
      notify(`The link was not made: ${error.message}`, true);
    }
    await refresh();
  }

  async function revoke(share) {
    if (!await confirm('Revoke this link?', 'Whoever has it sees nothing any more. This cannot be taken back.', 'Revoke')) return;
    try {
      await ask(`${path}/${share.id}`, { method: 'DELETE' });
      made.replaceChildren();
    } catch (error) {
      notify(error.message, true);
    }
    await refresh();
  }

  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  await refresh();
  dialog.showModal();
}
