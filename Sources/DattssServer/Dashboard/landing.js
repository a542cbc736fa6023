// What a visitor sees who is not signed in: what this is, and the demo, alive.

import { ask, openSession, showSpace } from './api.js';
import { $, h } from './dom.js';

/** Shows the demo under a few words; answers its session, or null where the server has no demo. */
export async function showLanding() {
  const setup = await ask('setup', { at: '' });
  if (!setup.demo) return null;
  showSpace('/demo');
  const session = await openSession();
  $('#watch').prepend(h('section', { id: 'landing', 'aria-labelledby': 'landing-title' },
    h('h1', { id: 'landing-title' }, 'What is happening right now, and is that usual?'),
    h('p', {}, 'DaTtSs counts, times and gauges what your programs do, and shows each day against the usual one. '
      + 'This is its demo, a made-up shop: look around.'),
    h('div.actions', {}, h('a.button.primary', { href: '/account' }, 'Sign in'),
      setup.signUp === 'open' && h('a.button', { href: '/account#sign-up' }, 'Sign up'),
      h('small', {}, 'Your own server? ', h('code', {}, 'dattss user link local'), ' prints a link that signs you in.'))));
  return session;
}
