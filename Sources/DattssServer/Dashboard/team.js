// Who sees the statistics of a user besides the user; and the teams of others that one is in.

import { addressOf, ask, shownUser } from './api.js';
import { confirm, copy, h, notify } from './dom.js';
import { moment } from './format.js';
import { ownZone } from './view.js';

const ROLES = { view: 'View', edit: 'Edit', administer: 'Administer' };

/** What a role is for, as the end of a sentence that begins with somebody. */
export const DUTIES = {
  view: 'looks at everything, and changes nothing',
  edit: 'looks at everything, and changes alerts, marks and favourites',
  administer: 'looks at and changes everything, keys and the team among it',
  owner: 'owns it all',
};

const DEEDS = {
  team_invite: 'was invited', team_revoke: 'is not invited any more', team_join: 'joined', team_role: 'has another role',
  team_leave: 'left', team_remove: 'was removed',
};

/** A line of the audit as a sentence; null for what is of no team. */
export function deed({ action, what, by }) {
  if (!DEEDS[action]) return null;
  const [, who, more] = what.match(/^(\S+?): (.*)$/) ?? [null, what, ''];
  const isOwnDeed = action === 'team_join' || action === 'team_leave';
  return { who, words: `${DEEDS[action]}${more ? ` (${more})` : ''}${isOwnDeed ? '' : ` by ${by}`}` };
}

const on = seconds => moment(seconds, ownZone(), Date.now() / 1000);
const button = (text, label, onclick) => h('button.quiet', { type: 'button', 'aria-label': label, onclick }, text);
const nameOf = ({ email, user }) => email ?? user;

/** Does something, says what went wrong, and then shows how things are. */
async function doing(deed, then) {
  try {
    await deed();
  } catch (error) {
    notify(error.message, true);
  }
  await then();
}

function roleChoice(label, role, onchange) {
  const options = Object.entries(ROLES).map(([value, words]) => h('option', { value, selected: value === role }, words));
  return h('select', { 'aria-label': label, onchange }, ...options);
}

function memberRow(member, team, refresh) {
  const [name, path] = [nameOf(member), `team/members/${encodeURIComponent(member.user)}`];
  const since = member.role === 'owner' ? '' : `; since ${on(member.since)}`;
  const row = h('li', {}, h('div.what', {}, h('b', {}, name), member.isYou && h('em', {}, 'you'),
    h('small', {}, `${member.email ? `${member.user}; ` : ''}${DUTIES[member.role]}${since}`)));
  if (!mayAdminister(team) || member.role === 'owner') return row;
  const choice = roleChoice(`Role of ${name}`, member.role, async () => {
    const isLess = member.isYou && choice.value !== 'administer';
    if (isLess && !await confirm('Give up administering?', 'Somebody else has to give it back to you.', 'Give it up')) return refresh();
    await doing(() => ask(path, { method: 'PUT', body: { role: choice.value } }), isLess ? () => location.reload() : refresh);
  });
  row.append(choice);
  if (!member.isYou) {
    row.append(button('Remove', `Remove ${name}`, async () => {
      if (!await confirm(`Remove ${name}?`, `${name} sees nothing of ${team.user} any more, at once.`, 'Remove')) return;
      await doing(() => ask(path, { method: 'DELETE' }), refresh);
    }));
  }
  return row;
}

function invitationRow(invitation, refresh) {
  const { id, email, role, by, expiresAt } = invitation;
  const name = email ?? 'Whoever holds the link';
  return h('li.waiting', {},
    h('div.what', {}, h('b', {}, name), h('em', {}, 'invited'), h('small', {}, `${ROLES[role]}; by ${by}; until ${on(expiresAt)}`)),
    button('Take back', `Take back the invitation of ${name}`,
      () => doing(() => ask(`team/invitations/${encodeURIComponent(id)}`, { method: 'DELETE' }), refresh)));
}

const mayAdminister = ({ role }) => role === 'owner' || role === 'administer';

/** A form that invites. Without mail, and without an address, the link is shown once. */
function inviting(session, refresh) {
  const email = h('input', {
    type: 'email', autocomplete: 'off', 'aria-label': 'E-mail address of the new member',
    placeholder: session.mail ? 'E-mail address' : 'E-mail address, for the list',
  });
  const role = roleChoice('Role of the new member', 'view');
  const result = h('p.note', { hidden: true, role: 'status' });
  const form = h('form.line', {}, email, role, h('button.primary', {}, 'Invite'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    result.hidden = true;
    await doing(async () => {
      const body = { role: role.value, ...(email.value ? { email: email.value } : {}) };
      const { link } = await ask('team/invitations', { method: 'POST', body });
      result.replaceChildren(...(link
        ? ['Pass this link on. It is shown only now, lets one person in, and is good for a week: ', h('code', {}, link), ' ',
          button('Copy', 'Copy the link', () => copy(link, 'Invitation'))]
        : [`The invitation is on its way to ${email.value}.`]));
      result.hidden = false;
      form.reset();
    }, refresh);
  });
  return [form, result];
}

/** What was done to the team, once somebody wants to know. */
function history() {
  const list = h('ol');
  const details = h('details', {}, h('summary', {}, 'History of the team'), list);
  details.addEventListener('toggle', async () => {
    if (!details.open) return;
    try {
      const lines = (await ask('audit')).map(line => ({ ...line, deed: deed(line) })).filter(line => line.deed);
      list.replaceChildren(...lines.map(({ at, deed, address }) => h('li', {}, h('time', {}, on(at)), ' ', h('b', {}, deed.who),
        ` ${deed.words}${address ? `, ${address}` : ''}`)));
      if (!lines.length) list.append(h('li', {}, 'Nobody was invited yet.'));
    } catch (error) {
      list.replaceChildren(h('li', {}, `Not loaded: ${error.message}`));
    }
  });
  return details;
}

async function leave(user) {
  if (!await confirm(`Leave the team of ${user}?`, `You see nothing of ${user} any more, until somebody invites you again.`, 'Leave')) return;
  try {
    await ask('team/leave', { method: 'POST', user });
    location.assign('/account');
  } catch (error) {
    notify(error.message, true);
  }
}

/** The team of who is shown. */
export async function team(session) {
  const list = h('ul.rows');
  const isOwn = session.role === 'owner';
  const section = h('section.card', { id: 'team' }, h('h2', {}, isOwn ? 'Team' : `Team of ${session.user}`),
    h('p.about', {}, isOwn ? 'Who sees your statistics besides you, and what they may do.'
      : `In this team ${DUTIES[session.role] === DUTIES.view ? 'you look at everything, and change nothing' : `you may ${session.role}`}.`),
    list);
  const refresh = async () => {
    try {
      const found = await ask('team');
      // What had the focus has it again, if it is still there.
      const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('aria-label') : null;
      list.replaceChildren(...found.members.map(member => memberRow(member, found, refresh)),
        ...(found.invitations ?? []).map(invitation => invitationRow(invitation, refresh)));
      if (focused) [...list.querySelectorAll('[aria-label]')].find(one => one.getAttribute('aria-label') === focused)?.focus();
    } catch (error) {
      list.replaceChildren(h('li', {}, `Not loaded: ${error.message}`));
    }
  };
  await refresh();
  if (mayAdminister(session)) section.append(...inviting(session, refresh));
  section.append(history());
  if (!isOwn) section.append(h('div.actions', {}, h('button', { type: 'button', onclick: () => leave(session.user) }, 'Leave this team')));
  return section;
}

/** The teams of others that one is in; nothing where there are none. */
export function teams(session) {
  if (!session.teams?.length || shownUser) return '';
  return h('section.card', {}, h('h2', {}, 'Teams of others'), h('p.about', {}, 'Whose statistics you see besides your own.'),
    h('ul.rows', {}, ...session.teams.map(({ user, role }) => h('li', {},
      h('div.what', {}, h('a', { href: addressOf('/', user) }, h('b', {}, user)), h('small', {}, ROLES[role])),
      h('a.button.quiet', { href: addressOf('/account', user) }, 'Team'),
      button('Leave', `Leave the team of ${user}`, () => leave(user))))));
}
