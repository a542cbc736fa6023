// The rules, what fires first; one rule with all that happened to it; and the silences.

import { ask } from './api.js';
import { button, chip, head, link, severityChip } from './alertparts.js';
import {
  byWords, countWords, eventWords, isDeed, matcher, nameOf, overviewWords, quotaWords, refusalWords, ruleWords, silencesOf, silenceWords, sinceOf, sorted,
  stateOf, valueWords,
} from './alertwords.js';
import { confirm, h, put, badge, KINDS } from './dom.js';
import { span } from './format.js';
import { now } from './statistics.js';

const SHOWN_INSTANCES = 5;
/** So many events are loaded at a time. */
const PAGE = 100;
const HOUR = 3600;
const SILENCES = { '1 h': HOUR, '8 h': 8 * HOUR, '1 d': 24 * HOUR, '7 d': 168 * HOUR };

/** `since 14:05 (12 min)`, which grows; the time is filled in by `fillTimes`. */
const since = at => h('time.since', { 'data-at': at });
function fillTimes(alerts, root) {
  for (const time of root.querySelectorAll('time.since')) {
    put(time, `since ${alerts.at(Number(time.dataset.at))} (${span(Math.max(0, now() - Number(time.dataset.at)))})`);
  }
}

/** What makes another row of a rule: all but the values, which are put into it as they come. */
const keyOf = (rule, covering) =>
  JSON.stringify([rule && { ...rule, instances: rule.instances?.map(({ value, ...rest }) => rest) }, covering]);
function fillValues(root, rule) {
  const values = new Map((rule.instances ?? []).map(({ subject, value }) => [subject, value]));
  for (const place of root.querySelectorAll('b.value')) put(place, valueWords(rule, values.get(place.dataset.subject), place.dataset.subject));
}

/** A statistic of a rule: its name, which leads to its plot, its value, and since when. */
function instanceRow(alerts, rule, { subject, state, since: at, value, flapping }, isOnly = false) {
  const kind = subject.slice(0, subject.indexOf(':'));
  const name = nameOf(subject);
  const isStatistic = kind in KINDS;
  return h(`li.${state}`, {},
    !isOnly && chip(state), isStatistic && badge(kind),
    isStatistic ? h('a.path', { href: `#show=${subject}`, title: `Plot ${name}` }, name) : h('span.path', {}, name),
    h('b.value', { 'data-subject': subject }, valueWords(rule, value, subject)), since(at), flapping && h('span.note', {}, 'flaps'));
}

export class AlertList {
  #rows = new Map();
  #silencesKey = '';

  constructor(alerts) {
    this.alerts = alerts;
    const back = h('a.button.back', { href: '#' }, '← Plots');
    back.addEventListener('click', event => { event.preventDefault(); alerts.firing.leave('watch'); });
    this.words = h('p.overview', { role: 'status' });
    this.quota = h('ul.quota', { hidden: true, 'aria-label': 'Limits' });
    this.list = h('ul.rules', { 'aria-label': 'Rules' });
    this.empty = h('section.empty', { hidden: true, 'aria-label': 'How to begin' });
    this.silences = h('ul.silences');
    this.silent = h('section.part', { hidden: true, 'aria-label': 'Silences' }, h('h2', {}, 'Silences'), this.silences);
    const links = alerts.isReadOnly ? [] : [link('channels', 'Channels'), link('maintenance', 'Maintenance'), link('new', 'New rule', 'a.button.primary')];
    this.element = h('div', {}, head('Alerts', back, ...links), this.words, this.quota, this.empty, this.list, this.silent);
  }

  show() {
    const { rules, silences } = this.alerts;
    put(this.words, rules.length ? overviewWords(rules) : '');
    const quotas = quotaWords(this.alerts.firing.answer.quota);
    this.quota.hidden = !quotas.length;
    if (this.quota.textContent !== quotas.join('')) this.quota.replaceChildren(...quotas.map(text => h('li', {}, text)));
    this.#showEmpty(!rules.length);
    const time = now();
    const ordered = sorted(rules);
    const rows = ordered.map(rule => {
      const covering = silencesOf(rule, silences, time);
      const key = keyOf(rule, covering);
      const before = this.#rows.get(rule.id);
      // A row that stays what it is keeps its element, and with it the focus.
      return before?.key === key ? before : Object.assign(this.#row(rule, covering), { key });
    });
    const focused = document.activeElement?.closest?.('li.rule')?.id;
    const label = document.activeElement?.textContent;
    this.#rows = new Map(rows.map((row, i) => [ordered[i].id, row]));
    for (const row of [...this.list.children]) if (!rows.includes(row)) row.remove();
    rows.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null); });
    if (focused && !this.list.contains(document.activeElement)) {
      const row = document.getElementById(focused);
      ([...row?.querySelectorAll('button, a') ?? []].find(element => element.textContent === label) ?? row?.querySelector('h2 a'))?.focus();
    }
    this.silent.hidden = !silences.length;
    const key = JSON.stringify([silences, ordered.map(({ id, name }) => [id, name])]);
    if (key !== this.#silencesKey) this.silences.replaceChildren(...silences.map(silence => this.#silence(silence)));
    this.#silencesKey = key;
    rows.forEach((row, i) => fillValues(row, ordered[i]));
    this.tick();
  }

  tick() { fillTimes(this.alerts, this.list); }

  #row(rule, covering) {
    const { alerts } = this;
    const state = stateOf(rule);
    const at = sinceOf(rule);
    // The count says enough of those of which nothing is known, unless that is so of all.
    const shown = (rule.instances ?? []).filter(instance => instance.state !== 'no-data' || rule.state === 'no-data').slice(0, SHOWN_INSTANCES);
    const more = (rule.instances ?? []).length - shown.length;
    // What is said of the only one is said of the rule.
    const isOnly = shown.length === 1 && !more && shown[0].state === state;
    const row = h(`li.rule.${state}`, {},
      h('div.title', {}, chip(state), h('h2', {}, link(`rule=${rule.id}`, rule.name, 'a')), severityChip(rule.severity),
        at != null && state !== 'off' && !isOnly && since(at)),
      h('p.words', {}, ruleWords(rule), countWords(rule) && h('small', {}, ` ${countWords(rule)}`)),
      state !== 'off' && shown.length > 0 && h('ul.instances', {}, ...shown.map(instance => instanceRow(alerts, rule, instance, isOnly)),
        more > 0 && h('li', {}, link(`rule=${rule.id}`, `and ${more} more`, 'a'))),
      covering.length > 0 && h('p.covered', {}, `Silent ${silenceWords(covering[0], alerts.page.zone, now())}`,
        !alerts.isReadOnly && !covering[0].every && button('End', () => alerts.endSilence(covering[0]), `End the silence of ${rule.name}`, 'button.quiet')));
    // (An attribute's value may have whatever an ID has.)
    row.setAttribute('id', `rule-${rule.id}`);
    if (!alerts.isReadOnly) row.append(this.#actions(rule, state, covering));
    return row;
  }

  #actions(rule, state, covering) {
    const { alerts } = this;
    const isUrgent = state === 'firing' || state === 'pending' || state === 'acknowledged';
    return h('div.actions', {},
      state === 'firing' && button('Acknowledge', () => alerts.acknowledge(rule), `Acknowledge ${rule.name}`, 'button.primary'),
      isUrgent && !covering.length && button('Silence 1 h', () => alerts.silence(rule, HOUR, 'an hour'), `Silence ${rule.name} for an hour`),
      h('a.button', { href: `#alerts&rule=${rule.id}`, 'aria-label': `History of ${rule.name}` }, 'History'),
      h('a.button', { href: `#alerts&edit=${rule.id}`, 'aria-label': `Edit ${rule.name}` }, 'Edit'));
  }

  #silence(silence) {
    const name = this.alerts.rule(silence.rule)?.name ?? (silence.rule === '**' ? 'All rules' : silence.rule);
    const isAhead = !silence.every && silence.from > now();
    const [deed, label] = silence.every ? ['Remove', `Remove the silence of each week of ${name}`] : ['End', `End the silence of ${name}`];
    return h('li', {}, h('b', {}, name), silence.every && silence.active && chip('silenced'), h('span', {}, ` ${isAhead ? `from ${this.alerts.at(silence.from)} ` : ''}${silenceWords(silence, this.alerts.page.zone, now())} `),
      !this.alerts.isReadOnly && button(deed, () => this.alerts.endSilence(silence), label, 'button.quiet'));
  }

  #showEmpty(isEmpty) {
    this.empty.hidden = !isEmpty;
    if (!isEmpty || this.empty.firstChild) return;
    if (this.alerts.isReadOnly) return this.empty.append(h('p', {}, 'There are no rules here.'));
    this.empty.append(
      h('h2', {}, 'Be told when something is wrong'),
      h('p', {}, 'A rule says what is watched, what is too much of it, and who is told. Before you save one you see when it would have fired in the last days.'),
      h('div.links', {}, link('new', 'Make the first rule', 'a.button.primary'), link('channels', 'Say who is told')),
      h('p.about', {}, 'Or from a file: ', h('code', {}, 'dattss alert apply rules.yaml')));
  }
}

/** One rule: where each of its statistics stands, and what happened. */
export class RuleHistory {
  #asked = 0;
  #key = '';

  constructor(alerts, id) {
    this.alerts = alerts;
    this.id = id;
    this.head = h('div');
    this.events = h('ol.events', { 'aria-label': 'What happened, the newest first' });
    this.note = h('p.about', { role: 'status' }, 'Loading …');
    this.older = button('Older', () => this.#loadOlder());
    this.older.hidden = true;
    this.element = h('div', {}, this.head, h('section', { 'aria-label': 'History' }, h('h2', {}, 'History'), this.note, this.events, this.older));
    this.#load();
  }

  show() {
    const rule = this.alerts.rule(this.id);
    const covering = rule ? silencesOf(rule, this.alerts.silences, now()) : [];
    const key = keyOf(rule, covering);
    if (key !== this.#key) {
      const hadFocus = this.head.contains(document.activeElement) && document.activeElement.textContent;
      this.#key = key;
      this.head.replaceChildren(...rule ? this.#about(rule, covering) : this.#gone());
      if (hadFocus) ([...this.head.querySelectorAll('a, button')].find(element => element.textContent === hadFocus) ?? this.head.querySelector('h1')).focus();
      this.#load();
    }
    if (rule) fillValues(this.head, rule);
    fillTimes(this.alerts, this.head);
  }

  tick() { fillTimes(this.alerts, this.head); }

  #gone() { return [head('No such rule', link('', '← Alerts')), h('p', {}, 'It was removed, or the address is wrong. What happened to it is kept.')]; }

  #about(rule, covering) {
    const { alerts } = this;
    const state = stateOf(rule);
    const silence = (seconds, words) => button(words, () => alerts.silence(rule, seconds, words), `Silence for ${words}`);
    return [
      head(rule.name, link('', '← Alerts'), !alerts.isReadOnly && link(`edit=${rule.id}`, 'Edit')),
      h('p.words', {}, chip(state), ' ', severityChip(rule.severity), ' ', ruleWords(rule), h('small', {}, ` ${countWords(rule)}`)),
      rule.text && h('p.text', {}, rule.text),
      rule.runbook && h('p', {}, h('a', { href: rule.runbook, rel: 'noreferrer' }, 'What is to be done: ', rule.runbook)),
      h('p.about', {}, rule.channels?.length ? `Told to ${rule.channels.join(', ')}.` : 'Nobody is told: the rule has no channel.'),
      ...covering.map(silence => h('p.covered', {}, `Silent ${silenceWords(silence, alerts.page.zone, now())}`,
        !alerts.isReadOnly && !silence.every && button('End', () => alerts.endSilence(silence), 'End the silence', 'button.quiet'))),
      !alerts.isReadOnly && h('div.actions', {},
        state === 'firing' && button('Acknowledge', () => alerts.acknowledge(rule), null, 'button.primary'),
        h('span.group', { role: 'group', 'aria-label': 'Silence' }, h('span.about', {}, 'Silence for'),
          ...Object.entries(SILENCES).map(([words, seconds]) => silence(seconds, words))),
        button(rule.enabled ? 'Turn off' : 'Turn on', () => this.#turn(rule)),
        button('Remove', () => this.#remove(rule), null, 'button')),
      state !== 'off' && rule.instances?.length > 0 && h('ul.instances', {}, ...rule.instances.map(instance => this.#instance(rule, instance))),
      rule.instances?.length >= 200 && h('p.about', {}, 'The first 200 are shown.'),
      matcher(rule.match) && state === 'no-data' && !Object.keys(rule.counts ?? {}).length
        && h('p.about', {}, 'It matches nothing that was sent since the rule is there.'),
    ].filter(Boolean);
  }

  /** Where several fire, each can be taken care of by itself. */
  #instance(rule, instance) {
    const row = instanceRow(this.alerts, rule, instance);
    if (!this.alerts.isReadOnly && instance.state === 'firing' && rule.counts?.firing > 1) {
      row.append(button('Acknowledge', () => this.alerts.acknowledge(rule, instance.subject), `Acknowledge ${nameOf(instance.subject)}`, 'button.quiet'));
    }
    return row;
  }

  #turn(rule) {
    return this.alerts.does(() => ask(`alerts/rules/${encodeURIComponent(rule.id)}`, { method: 'PUT', body: { ...stripped(rule), enabled: !rule.enabled } }),
      rule.enabled ? `${rule.name} is off: nothing is looked at.` : `${rule.name} is on again.`);
  }

  async #remove(rule) {
    if (!await confirm(`Remove ${rule.name}?`, 'What fires by it is resolved. Its history is kept.', 'Remove')) return;
    const isDone = await this.alerts.does(() => ask(`alerts/rules/${encodeURIComponent(rule.id)}`, { method: 'DELETE' }), `${rule.name} is removed.`);
    if (isDone) this.alerts.go('alerts');
  }

  async #load() {
    const asked = ++this.#asked;
    try {
      const events = await ask(this.#question());
      if (asked !== this.#asked) return;
      put(this.note, events.length ? '' : 'Nothing yet.');
      this.events.replaceChildren(...events.map(event => this.#event(event)));
      this.#keepPlace(events);
    } catch (error) {
      put(this.note, `Not loaded: ${refusalWords(error)}`);
    }
  }

  #question(before) { return `alerts/events?limit=${PAGE}&rule=${encodeURIComponent(this.id)}${before ? `&before=${before}` : ''}`; }

  #keepPlace(events) {
    this.oldest = events.at(-1)?.id;
    this.older.hidden = events.length < PAGE;
  }

  async #loadOlder() {
    const asked = ++this.#asked;
    this.older.disabled = true;
    try {
      const events = await ask(this.#question(this.oldest));
      if (asked === this.#asked) {
        this.events.append(...events.map(event => this.#event(event)));
        this.#keepPlace(events);
      }
    } catch (error) {
      put(this.note, `Not loaded: ${refusalWords(error)}`);
    }
    this.older.disabled = false;
  }

  #event(event) {
    const rule = this.alerts.rule(this.id) ?? { measure: '' };
    return h(`li.${isDeed(event) ? 'deed' : event.event}`, {},
      h('time', {}, this.alerts.at(event.at)),
      h('span', {}, ...subjectOf(event), eventWords(event),
        event.value != null && `: ${valueWords(rule, event.value, event.subject)}`,
        byWords(event.by), !isDeed(event) && !event.told && h('small', {}, ' (nobody was told)')));
  }
}

/** What an event is about, in front of what happened; a silence of everything, and what is done to the rule, says nothing more. */
function subjectOf({ event, subject }) {
  if (!subject || subject === '**') return [];
  return [h('b.path', {}, event.startsWith('silence') ? subject : nameOf(subject)), ' '];
}

/** A rule without what the server adds. */
export function stripped(rule) {
  const { state, counts, instances, ...rest } = rule;
  return rest;
}
