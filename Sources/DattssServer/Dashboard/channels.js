// The ways by which messages reach somebody: made, changed, removed and tried; and what became of the last messages.

import { button, choice, field, head, link } from './alertparts.js';
import { fieldOf, refusalWords } from './alertwords.js';
import { ask } from './api.js';
import { confirm, h, notify, put } from './dom.js';

/** What each type is, and what it asks for: a member, its label, and what it may look like. A star must be there. */
export const TYPES = {
  mail: ['Mail', [['to', 'Address', 'your own, if it is empty']]],
  webhook: ['Webhook', [['url*', 'Address', 'https://example.com/hook'], ['secret', 'Secret that signs it']]],
  slack: ['Slack, Mattermost', [['url*', 'Incoming webhook', 'https://hooks.slack.com/services/…']]],
  pagerduty: ['PagerDuty', [['secret*', 'Routing key'], ['url', 'Address', 'that of PagerDuty, if it is empty']]],
  alertmanager: ['Alertmanager', [['url*', 'Address', 'http://alertmanager:9093'], ['secret', 'Bearer token']]],
  ntfy: ['ntfy', [['url*', 'Address with the topic', 'https://ntfy.sh/my-topic'], ['secret', 'Token']]],
  gotify: ['Gotify', [['url*', 'Address', 'https://push.example.com'], ['secret', 'Token of the application']]],
  command: ['Command on the server', [['command*', 'Name in the folder of commands', 'page-me']]],
  http: ['SMS, calls: any request', [['url*', 'Address', 'https://api.example.com/sms'], ['method', 'Method'],
    ['body*', 'Body', '{"to":"+49…","text":"{{subject}}"}'], ['headers', 'Headers, one a line', 'Authorization: Bearer {{secret}}'], ['secret', 'Secret, as {{secret}}']]],
};

const STATES = { waiting: 'on its way', sent: 'sent', failed: 'given up', refused: 'refused' };
const POLL_MS = 700;
/** So long a test is waited for before it is said that it is still tried. */
const PATIENCE_MS = 20_000;

/** `Name: value` lines as an object; nothing for none. */
export function headersOf(text) {
  const lines = text.split('\n').map(line => line.trim()).filter(Boolean);
  if (!lines.length) return undefined;
  return Object.fromEntries(lines.map(line => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  }));
}

/** What became of a test, in a sentence; null as long as nothing did. */
export function outcomeWords(name, message) {
  if (!message || message.state === 'waiting' && !message.attempts) return null;
  if (message.state === 'sent') return `${name} took the test.`;
  const problem = message.problem?.replace(/:\s*$/, '') ?? '';
  return message.state === 'waiting' ? `${name} did not take it yet, and is tried again: ${problem}` : `${name} did not take it: ${problem}`;
}

/** What the server shows instead of a secret; sent back, it stands for the one that is known. */
const HIDDEN = '(not shown)';

/** The lines that `headersOf` reads. */
export const headerLines = headers => Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`).join('\n');

/**
 * What is sent of a form: nothing for what is empty, and for a secret that is there already and was not typed again that it stays.
 * `dropped` are the members of which somebody said that there is none any more.
 */
export function bodyOf(type, values, known = null, dropped = []) {
  const body = { type };
  for (const [name, text] of Object.entries(values)) {
    const value = name === 'headers' ? headersOf(text) : text.trim();
    if (value) body[name] = value;
    else if (known?.[name] === HIDDEN && known.type === type && !dropped.includes(name)) body[name] = HIDDEN;
  }
  return body;
}

/** What is shown of a channel: its address, or to whom. */
export const targetWords = ({ type, url, to, command, secret }) =>
  [(url === HIDDEN ? 'an address that is not shown' : url) ?? to ?? command ?? (type === 'mail' ? 'the address of the account' : ''), secret && 'with a secret'].filter(Boolean).join(', ');

export class Channels {
  constructor(alerts) {
    this.alerts = alerts;
    this.list = h('ul.channel-list', { 'aria-label': 'Channels' }, h('li', {}, 'Loading …'));
    this.messages = h('ol.messages');
    this.type = choice(Object.entries(TYPES).map(([name, [words]]) => [name, words]), { onchange: () => this.#offer() });
    this.name = h('input', { required: true, maxlength: 64, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: 'ops' });
    this.members = h('div.members');
    this.problem = h('p.problem', { role: 'alert', hidden: true });
    this.nameField = field('Name', this.name, { hint: 'Letters, digits and _ . : ! -' });
    this.legend = h('legend');
    this.add = h('button.primary');
    this.cancel = button('Cancel', () => this.#edit(null));
    const form = h('form.rule-form', { novalidate: true, onsubmit: event => this.#save(event) },
      h('fieldset', {}, this.legend, h('div.pair', {}, this.nameField, field('Type', this.type)), this.members, this.problem,
        h('div.actions', {}, this.cancel, this.add)));
    this.element = h('div', {}, head('Channels', link('', '← Alerts')), h('p.about', {}, 'Who is told when a rule fires. A rule names its channels; secrets are never shown again.'),
      this.list, form, h('section.part', { 'aria-label': 'Messages' }, h('h2', {}, 'The last messages'), this.messages));
    this.#edit(null);
    this.#load();
  }

  /** Fills the form with a channel that is to be changed, or with nothing for a new one. */
  #edit(channel) {
    this.edited = channel;
    this.legend.textContent = channel ? `Change ${channel.name}` : 'Add a channel';
    this.add.textContent = channel ? 'Save' : 'Add the channel';
    this.cancel.hidden = !channel;
    // Rules name it: a channel of another name or type is another one.
    this.name.disabled = this.type.disabled = Boolean(channel);
    this.name.value = channel?.name ?? '';
    if (channel) this.type.value = channel.type;
    this.problem.hidden = true;
    this.nameField.says(null);
    this.#offer();
  }

  #offer() {
    const { edited } = this;
    const [, members] = TYPES[this.type.value];
    this.fields = { name: this.nameField };
    this.drops = {};
    for (const [member, label, placeholder = ''] of members) {
      const name = member.replace('*', '');
      const control = name === 'method' ? choice(['POST', 'PUT', 'GET'].map(method => [method, method]))
        : name === 'body' || name === 'headers' ? h('textarea', { placeholder, rows: 3, spellcheck: 'false' })
          : h('input', { placeholder, autocomplete: name === 'secret' ? 'new-password' : 'off', type: name === 'secret' ? 'password' : 'text', spellcheck: 'false', autocapitalize: 'none' });
      const isOptional = !member.endsWith('*') && name !== 'method';
      const isKept = edited?.[name] === HIDDEN;
      if (edited && !isKept) control.value = name === 'headers' ? headerLines(edited.headers) : edited[name] ?? (name === 'method' ? 'POST' : '');
      if (isKept) control.placeholder = 'not shown, and kept if it is empty';
      if (isKept && isOptional) this.drops[name] = h('input', { type: 'checkbox' });
      this.fields[name] = field(label + (isOptional ? ' (if there is one)' : ''), control,
        this.drops[name] ? { beside: h('label', {}, this.drops[name], ' none any more') } : {});
    }
    this.members.replaceChildren(...members.map(([member]) => this.fields[member.replace('*', '')]));
  }

  async #load() {
    try {
      const channels = await ask('alerts/channels');
      this.known = channels.map(({ name }) => name);
      this.list.replaceChildren(...channels.map(channel => this.#row(channel)));
      if (!channels.length) this.list.append(h('li.none', {}, 'There is none yet: rules are shown on this page, and nobody is told.'));
      this.#showMessages(await ask('alerts/messages'));
    } catch (error) {
      this.list.replaceChildren(h('li', {}, `Not loaded: ${refusalWords(error)}`));
    }
  }

  #row(channel) {
    const outcome = h('p.outcome', { role: 'status' });
    const test = button('Send a test', () => this.#test(channel.name, test, outcome), `Send a test to ${channel.name}`);
    const users = this.alerts.rules.filter(({ channels }) => channels?.includes(channel.name));
    return h('li', {}, h('div.what', {}, h('b', {}, channel.name), h('span.about', {}, TYPES[channel.type]?.[0] ?? channel.type),
      h('small.path', {}, targetWords(channel)), h('small', {}, users.length ? `used by ${users.map(({ name }) => name).join(', ')}` : 'no rule uses it')),
    h('div.actions', {}, test, button('Change', () => this.#change(channel), `Change ${channel.name}`), button('Remove', () => this.#remove(channel, users), `Remove ${channel.name}`)), outcome);
  }

  /** Sends a test, and waits for what becomes of it. */
  async #test(name, test, outcome) {
    test.disabled = true;
    outcome.className = 'outcome';
    put(outcome, 'Sending …');
    try {
      const { key } = await ask(`alerts/channels/${encodeURIComponent(name)}/test`, { method: 'POST' });
      const end = Date.now() + PATIENCE_MS;
      let words = null;
      let isSent = false;
      while (!words && Date.now() < end && outcome.isConnected) {
        const messages = await ask('alerts/messages');
        const message = messages.find(message => message.key === key);
        words = outcomeWords(name, message);
        isSent = message?.state === 'sent';
        this.#showMessages(messages);
        if (!words) await new Promise(resolve => setTimeout(resolve, POLL_MS));
      }
      outcome.classList.add(isSent ? 'good' : 'bad');
      put(outcome, words ?? `${name} has not answered yet. What becomes of it is among the messages.`);
    } catch (error) {
      outcome.classList.add('bad');
      put(outcome, refusalWords(error));
    }
    test.disabled = false;
  }

  async #remove({ name }, users) {
    const text = users.length ? `${users.length === 1 ? 'A rule uses' : `${users.length} rules use`} it and tells nobody there any more. ` : '';
    if (!await confirm(`Remove ${name}?`, `${text}Messages that wait for it are given up.`, 'Remove')) return;
    await this.alerts.does(() => ask(`alerts/channels/${encodeURIComponent(name)}`, { method: 'DELETE' }), `${name} is removed.`);
    if (this.edited?.name === name) this.#edit(null);
    this.#load();
  }

  #change(channel) {
    this.#edit(channel);
    this.members.scrollIntoView({ block: 'nearest' });
    this.members.querySelector('input, textarea, select')?.focus();
  }

  async #save(event) {
    event.preventDefault();
    for (const field of Object.values(this.fields)) field.says(null);
    this.problem.hidden = true;
    const { edited } = this;
    const name = this.name.value.trim();
    const { name: _, ...fields } = this.fields;
    const values = Object.fromEntries(Object.entries(fields).map(([member, { control }]) => [member, control.value]));
    const body = bodyOf(this.type.value, values, edited, Object.keys(this.drops).filter(member => this.drops[member].checked));
    if (!name) return this.#complain('name', 'Expected a name, as ops');
    // Another of the same name would be changed silently.
    if (!edited && this.known?.includes(name)) return this.#complain('name', `There is a channel ${name} already`);
    this.add.disabled = true;
    try {
      await ask(`alerts/channels/${encodeURIComponent(name)}`, { method: 'PUT', body });
      notify(edited ? `${name} is saved. Send a test to see whether it works.` : `The channel ${name} is there. Send a test to see whether it works.`);
      this.#edit(null);
      await this.#load();
    } catch (error) {
      const { field, text } = fieldOf(error.message);
      if (this.fields[field]) this.#complain(field, text);
      else {
        this.problem.textContent = refusalWords(error);
        this.problem.hidden = false;
      }
    }
    this.add.disabled = false;
  }

  #complain(name, text) {
    this.fields[name].says(text);
    this.fields[name].control.focus();
  }

  #showMessages(messages) {
    this.messages.replaceChildren(...messages.slice(0, 20).map(message => h(`li.${message.state}`, {},
      h('time', {}, this.alerts.at(message.createdAt)), h('b', {}, STATES[message.state] ?? message.state), h('span', {}, `${message.channel}: ${message.subject}`),
      message.problem && h('small', {}, message.attempts > 1 ? `${message.problem}, tried ${message.attempts} times` : message.problem))));
    if (!messages.length) this.messages.append(h('li.none', {}, 'None was sent yet.'));
  }
}
