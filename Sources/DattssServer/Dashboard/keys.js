// The parts of an account: its keys, its sessions, and invitations to others.

import { ask } from './api.js';
import { confirm, copy, h, notify } from './dom.js';
import { moment, span } from './format.js';
import { ownZone } from './view.js';

const zone = ownZone();
const SCOPES = { all: 'sends and reads', ingest: 'only sends', read: 'only reads' };

const on = seconds => moment(seconds, zone, Date.now() / 1000);
const ago = seconds => {
  const passed = Date.now() / 1000 - seconds;
  return passed < 90 ? 'now' : `${span(passed)} ago`;
};

/** A section with a list that can be made anew. */
async function listed(title, about, load, row, ...more) {
  const list = h('ul.rows');
  const section = h('section.card', {}, h('h2', {}, title), h('p.about', {}, about), list, ...more);
  section.refresh = async () => {
    try {
      list.replaceChildren(...(await load()).map(item => row(item, section.refresh)));
    } catch (error) {
      list.replaceChildren(h('li', {}, `Not loaded: ${error.message}`));
    }
  };
  await section.refresh();
  return section;
}

async function remove(path, question, text, yes, refresh) {
  if (!await confirm(question, text, yes)) return;
  try {
    await ask(path, { method: 'DELETE', at: '' });
  } catch (error) {
    notify(error.message, true);
  }
  refresh();
}

const button = (text, label, onclick) => h('button.quiet', { type: 'button', 'aria-label': label, onclick }, text);
const hidden = key => `${key.slice(0, key.indexOf('.') + 5)}…`;

export async function keys() {
  const name = h('input', {
    name: 'name', required: true, maxlength: 64, 'aria-label': 'Name of the new key', placeholder: 'Name, as: web servers',
  });
  const scope = h('select', { name: 'scope', 'aria-label': 'What the new key may do' },
    ...Object.entries(SCOPES).map(([value, words]) => h('option', { value }, words)));
  const create = h('form.line', {}, name, scope, h('button.primary', {}, 'Make a key'));
  const row = (key, refresh) => {
    const used = key.lastUsedAt ? `last used ${ago(key.lastUsedAt)}` : 'never used';
    const revoke = () => remove(`keys/${encodeURIComponent(key.id)}`, `Revoke ${key.name}?`,
      'Programs that send or read with it are refused from their next request on. This cannot be taken back.', 'Revoke', refresh);
    return h('li', {},
      h('div.what', {}, h('b', {}, key.name), h('code', {}, hidden(key.key)),
        h('small', {}, `${SCOPES[key.scope] ?? key.scope}; made ${on(key.createdAt)}; ${used}`)),
      button('Copy', `Copy the key ${key.name}`, () => copy(key.key, 'Key')),
      button('Revoke', `Revoke the key ${key.name}`, revoke));
  };
  const section = await listed('Keys', 'Programs send with a key. Give each its own, and revoke it alone.',
    () => ask('keys', { at: '' }), row, create);
  create.addEventListener('submit', async event => {
    event.preventDefault();
    try {
      const key = await ask('keys', { method: 'POST', body: { name: name.value, scope: scope.value }, at: '' });
      create.reset();
      notify(`The key ${key.name} is made.`);
    } catch (error) {
      notify(error.message, true);
    }
    section.refresh();
  });
  return section;
}

/** A browser's name for itself, as people say it. */
export function browser(agent) {
  // Most name others, too: the first that fits is meant.
  const name = ['Edg/', 'Firefox/', 'Chrome/', 'Safari/'].find(sign => agent.includes(sign))?.replace(/\W/, '');
  const system = ['iPhone', 'Android', 'Windows', 'Mac OS', 'Linux'].find(sign => agent.includes(sign));
  if (!name) return agent.slice(0, 40) || 'unknown program';
  return (name === 'Edg' ? 'Edge' : name) + (system ? ` on ${system}` : '');
}

export const sessions = () => listed('Sessions', 'Where you are signed in.', () => ask('sessions', { at: '', user: null }), (session, refresh) => {
  const end = () => remove(`sessions/${encodeURIComponent(session.id)}`, 'End this session?', 'That browser has to sign in again.',
    'End it', refresh);
  return h('li', {},
    h('div.what', {}, h('b', {}, browser(session.agent)), session.isCurrent && h('em', {}, 'this one'),
      h('small', {}, `${session.address}; since ${on(session.createdAt)}; seen ${ago(session.seenAt)}`)),
    !session.isCurrent && button('End', `End the session of ${browser(session.agent)}`, end));
});

export function invitations(session) {
  const placeholder = session.mail ? 'E-mail address' : 'E-mail address, if it is for one only';
  const email = h('input', { type: 'email', 'aria-label': 'E-mail address of the invited', placeholder });
  const result = h('p.note', { hidden: true, role: 'status' });
  const form = h('form.line', {}, email, h('button.primary', {}, 'Invite'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    try {
      const { link } = await ask('invitations', {
        method: 'POST', body: email.value ? { email: email.value } : {}, at: '', user: null,
      });
      const words = session.mail && email.value ? 'The invitation is sent. The same link: ' : 'Pass this link on: ';
      result.replaceChildren(words, h('code', {}, link), ' ', button('Copy', 'Copy the link', () => copy(link, 'Invitation')));
      result.hidden = false;
      form.reset();
    } catch (error) {
      notify(error.message, true);
    }
  });
  return h('section.card', {}, h('h2', {}, 'Invite somebody'),
    h('p.about', {}, 'Somebody gets an account, with statistics of their own. To share yours, invite to the team.'), form, result);
}
