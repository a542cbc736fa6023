// Signing in and up, forgotten passwords; and, for those who are signed in, their account.

import { addressOf, ask, openSession, shownUser } from './api.js';
import { $, h } from './dom.js';
import { showJoin } from './join.js';
import { keys, sessions, invitations } from './keys.js';
import { switcher } from './switcher.js';
import { team, teams } from './team.js';

const SHORTEST_PASSWORD = 10;
const PASSWORD_BYTES = 1024;

/** What is wrong, in the words of somebody who wants to sign in. */
function explain(error) {
  switch (error.name) {
    case 'bad_credentials': return 'The address or the password is wrong.';
    case 'weak_password': return `A password has at least ${SHORTEST_PASSWORD} characters, and at most ${PASSWORD_BYTES} bytes.`;
    case 'link_expired': return 'This link was used before, or is too old. Ask for another one.';
    case 'invitation_needed': return 'This invitation is for another address, or was used before.';
    case 'too_many_attempts': {
      const when = error.retryAfter ? `in ${Math.ceil(error.retryAfter / 60)} min` : 'later';
      return `Too many attempts. Try again ${when}.`;
    }
    default: return error.message;
  }
}

/** A labelled field. */
function field(name, label, attributes) {
  return h('label', {}, h('span', {}, label), h('input', { name, required: true, ...attributes }));
}

/** A form that shows what goes wrong, and cannot be sent twice at once. */
function form(fields, action, onSend) {
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const button = h('button.primary', {}, action);
  const element = h('form.fields', {}, ...fields, problem, button);
  element.addEventListener('submit', async event => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      await onSend(Object.fromEntries(new FormData(element)), element);
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    }
    button.disabled = false;
  });
  return element;
}

const email = () => field('email', 'E-mail address', { type: 'email', autocomplete: 'username', autocapitalize: 'none' });
const newPassword = () => field('password', `New password, ${SHORTEST_PASSWORD} characters or more`,
  { type: 'password', autocomplete: 'new-password', minlength: SHORTEST_PASSWORD });

function card(title, ...children) {
  $('#content').replaceChildren(h('section.card', {}, h('h1', {}, title), ...children));
  document.title = `${title} – DaTtSs`;
  $('#content input')?.focus();
}

/** Goes where somebody was whose session had ended, or who wants to accept an invitation. */
function goBack() {
  let place = null;
  try {
    place = sessionStorage.getItem('back');
    sessionStorage.removeItem('back');
  } catch { /* Nobody knows, then. */ }
  const target = new URL(/^\/(?![/\\])/.test(place ?? '') ? place : '/', location.origin);
  if (target.pathname + target.search !== location.pathname + location.search) return location.assign(target);
  // Another # alone would not load this page anew.
  history.replaceState(null, '', target);
  location.reload();
}

const link = (hash, text) => h('a', { href: `#${hash}` }, text);

/** After a request for a mail: the answer is the same whether the address exists. */
function mailed(setup, what, condition) {
  card(setup.mail ? 'Look into your mail' : 'Ask who runs this server',
    h('p', {}, setup.mail ? `A link to set ${what} is on its way, if ${condition}.`
      : `This server sends no mail. A link to set ${what} is in its log, if ${condition}.`),
    h('p', {}, link('sign-in', 'Back to signing in')));
}

const pages = {
  'sign-in': (setup, note) => card('Sign in',
    note && h('p.note', { role: 'status' }, note),
    form([email(), field('password', 'Password', { type: 'password', autocomplete: 'current-password' })], 'Sign in', async said => {
      await openSession('session', { method: 'POST', body: said, at: '', user: null });
      goBack();
    }),
    h('p.links', {}, link('forgotten', 'Forgotten password'), setup.signUp === 'closed' ? null : link('sign-up', 'Sign up')),
    h('p.about', {}, 'No password yet? On the server, ', h('code', {}, 'dattss user link local'), ' prints a link that signs you in.',
      setup.demo && ' Or look at ', setup.demo && h('a', { href: '/demo' }, 'the demo'), setup.demo && '.')),

  'sign-up': setup => {
    if (setup.signUp === 'closed') return card('Sign up', h('p', {}, 'This server takes no new users.'), link('sign-in', 'Sign in'));
    const invitation = new URLSearchParams(location.hash.slice(1)).get('invitation') ?? '';
    const fields = [email()];
    if (invitation || setup.signUp === 'invitation') {
      fields.push(field('invitation', 'Invitation', { value: invitation, required: setup.signUp === 'invitation', autocomplete: 'off' }));
    }
    card('Sign up', h('p', {}, 'You are sent a link with which you set a password.'),
      form(fields, 'Send me a link', async said => {
        if (!said.invitation) delete said.invitation;
        await ask('sign-up', { method: 'POST', body: said, at: '', user: null });
        mailed(setup, 'your password', 'you may sign up with this address');
      }),
      h('p.links', {}, link('sign-in', 'I have an account')));
  },

  forgotten: setup => card('Forgotten password',
    h('p', {}, 'You are sent a link with which you set another one.'),
    form([email()], 'Send me a link', async said => {
      await ask('password-reset', { method: 'POST', body: said, at: '', user: null });
      mailed(setup, 'another password', 'there is an account of this address');
    }),
    h('p.links', {}, link('sign-in', 'Back to signing in'))),

  token: (setup, token) => card('Set your password',
    form([newPassword()], 'Set the password and sign in', async said => {
      await openSession('password', { method: 'POST', body: { token, password: said.password }, at: '', user: null });
      goBack();
    }),
    h('p.links', {}, link('forgotten', 'Ask for another link'))),
};

/** What the address after the # asks for. */
function route(setup) {
  const hash = location.hash.slice(1);
  const said = new URLSearchParams(hash);
  if (said.get('token')) {
    pages.token(setup, said.get('token'));
    // The link works once; it is not for the history of the browser.
    history.replaceState(null, '', '/account');
  } else if (said.get('join')) {
    showJoin(said.get('join'), null, setup, card);
  } else if (said.get('invitation')) {
    pages['sign-up'](setup);
  } else if (hash === 'link-expired') {
    pages['sign-in'](setup, 'This link was used before, or is too old. “dattss user link NAME” prints another.');
  } else {
    (pages[hash] ?? pages['sign-in'])(setup);
  }
}

function changePassword() {
  return h('section.card', {}, h('h2', {}, 'Password'),
    form([field('current', 'Password now', { type: 'password', autocomplete: 'current-password' }), newPassword()], 'Change it',
      async (said, element) => {
        await openSession('password', { method: 'POST', body: said, at: '', user: null });
        element.reset();
        element.before(h('p.note', { role: 'status' }, 'The password is changed.'));
      }));
}

async function showAccount(session) {
  const signOut = h('button', { type: 'button', onclick: async () => {
    await ask('session', { method: 'DELETE', at: '', user: null });
    location.assign('/account');
  } }, 'Sign out');
  $('#places').replaceChildren(switcher(session), h('a', { href: addressOf('/') }, 'Dashboard'),
    session.isAdmin ? h('a', { href: '/server' }, 'Server') : '',
    h('a', { href: addressOf('/account'), 'aria-current': 'page' }, 'Account'));
  $('#content').className = 'account';
  // What is shown of another user is about the team alone; what is about oneself is on one's own page.
  const mayKeys = session.role === 'owner' || session.role === 'administer';
  const parts = shownUser
    ? [await team(session), mayKeys && await keys()]
    : [await keys(), await team(session), teams(session), await sessions(), session.email && changePassword(),
      session.isAdmin && invitations(session)];
  $('#content').replaceChildren(h('header.who', {}, h('h1', {}, shownUser ?? session.email ?? session.user), signOut), ...parts);
  [...$('#content').childNodes].filter(node => node.nodeType === Node.TEXT_NODE).forEach(node => node.remove());
}

async function open() {
  try {
    const said = new URLSearchParams(location.hash.slice(1));
    const session = await openSession('session', said.get('join') ? { at: '', user: null } : { at: '' });
    if (said.get('join')) return await showJoin(said.get('join'), session, null, card);
    if (!said.get('token')) return await showAccount(session);
  } catch (error) {
    if (error.status === 403 && shownUser) {
      return card('No team', h('p', {}, `You are not in the team of ${shownUser}.`), h('p', {}, h('a', { href: '/account' }, 'Your own account')));
    }
    if (error.status !== 401) return card('Not now', h('p', {}, `${error.message}.`));
  }
  try {
    const setup = await ask('setup', { at: '', user: null });
    addEventListener('hashchange', () => route(setup));
    route(setup);
  } catch (error) {
    card('Not now', h('p', {}, `${error.message}.`));
  }
}

open();
