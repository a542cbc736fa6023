// An invitation to somebody's team: whom one joins, and as what, before one does.

import { addressOf, ask } from './api.js';
import { h } from './dom.js';
import { DUTIES } from './team.js';

const OFFERS = { view: 'look at everything, and change nothing', edit: 'look at everything, and change alerts, marks and favourites', administer: 'look at and change everything, keys and the team among it' };

/** The words of an invitation. */
export function offer({ user, email, role, by }) {
  const owner = email && email !== by ? `${user} (${email})` : user;
  return [`${by} invites you to the team of ${owner}.`, `There you may ${role}: ${OFFERS[role] ?? DUTIES[role]}.`];
}

const refused = { link_expired: 'This invitation was used or taken back, or is too old. Ask for another one.' };
const words = error => refused[error.name] ?? `${error.message}.`;

/** Comes back here after signing in. */
function remember() {
  try { sessionStorage.setItem('back', location.href.slice(location.origin.length)); } catch { /* The link is there to be opened again. */ }
}

/** How somebody gets an account who has none yet. */
function signUp(setup, token) {
  if (setup.signUp === 'closed') return null;
  return h('a.button', { href: setup.signUp === 'invitation' ? `#invitation=${token}` : '#sign-up', onclick: remember }, 'Sign up');
}

/**
 * Shows what a link offers, in a card. `session` is null for somebody who is not signed in, to whom `setup` says how that is done.
 */
export async function showJoin(token, session, setup, card) {
  let found;
  try {
    found = await ask('team/join/preview', { method: 'POST', body: { token }, at: '', user: null });
  } catch (error) {
    return card('Invitation', h('p.problem', { role: 'alert' }, words(error)), h('p', {}, h('a', { href: '/' }, 'Go to your statistics')));
  }
  const text = offer(found).map(sentence => h('p', {}, sentence));
  const title = `Join ${found.user}?`;
  if (!session) {
    return card(title, ...text, h('p.about', {}, 'Sign in with any account of yours to accept. This link waits.'),
      h('div.actions', {}, signUp(setup, token), h('a.button.primary', { href: '#sign-in', onclick: remember }, 'Sign in')));
  }
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const button = h('button.primary', { type: 'button', onclick: async () => {
    button.disabled = true;
    try {
      const { user } = await ask('team/join', { method: 'POST', body: { token }, at: '', user: null });
      location.replace(addressOf('/', user));
    } catch (error) {
      problem.textContent = words(error);
      problem.hidden = false;
      button.disabled = false;
    }
  } }, 'Join');
  card(title, ...text, h('p.about', {}, `You are signed in as ${session.email ?? session.user}. Who is in the team sees that address.`), problem,
    h('div.actions', {}, h('a.button', { href: '/' }, 'Not now'), button));
  button.focus();
}
