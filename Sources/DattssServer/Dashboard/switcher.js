// Whose statistics are shown, for those who are in teams of others: one's own, or those of a team.

import { addressOf, base, shownUser } from './api.js';
import { h } from './dom.js';

/** What there is to choose from: `[{ user: null, words: 'mine' }, { user: 'shop', words: 'shop (view)' }]`. */
export function choices({ teams = [] }, shown) {
  const all = [{ user: null, words: 'mine' }, ...teams.map(({ user, role }) => ({ user, words: `${user} (${role})` }))];
  return all.map(choice => ({ ...choice, isShown: choice.user === shown }));
}

/** A menu of links; nothing where there is nothing to choose. */
export function switcher(session) {
  if (!session.teams?.length) return '';
  const all = choices(session, base ? undefined : shownUser);
  // What a page of the account is about, the dashboard is about, too.
  const path = base ? '/' : location.pathname;
  const shown = all.find(({ isShown }) => isShown);
  const summary = h('summary', {}, h('span', {}, 'Shown: '), h('b', {}, shown?.words ?? 'the server'));
  const menu = h('details.switcher', {}, summary, h('ul', {}, ...all.map(({ user, words, isShown }) =>
    h('li', {}, h('a', { href: addressOf(path, user), 'aria-current': isShown ? 'page' : null }, words)))));
  menu.addEventListener('keydown', event => {
    if (event.key !== 'Escape' || !menu.open) return;
    event.stopPropagation();
    menu.open = false;
    summary.focus();
  });
  menu.addEventListener('focusout', event => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
  document.addEventListener('click', event => { if (!menu.contains(event.target)) menu.open = false; });
  return menu;
}
