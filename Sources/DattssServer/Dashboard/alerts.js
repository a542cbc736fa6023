// The page of alerts: what fires, each rule with its history, and the ways to change both.

import { AlertForm } from './alertform.js';
import { AlertList, RuleHistory } from './alertlist.js';
import { ask } from './api.js';
import { Channels } from './channels.js';
import { $, h, notify, put } from './dom.js';
import { moment } from './format.js';
import { Maintenance } from './maintenance.js';
import { now } from './statistics.js';
import { refusalWords } from './alertwords.js';

export class Alerts {
  #part = null;
  #address = null;

  /** Loads what the page looks like, first. */
  static async open(page, firing) {
    await new Promise(resolve => {
      const style = h('link', { rel: 'stylesheet', href: '/assets/alerts.css', onload: resolve, onerror: resolve });
      document.head.append(style);
    });
    return new Alerts(page, firing);
  }

  constructor(page, firing) {
    this.page = page;
    this.firing = firing;
    this.place = $('#alerts');
    this.stale = h('p.stale', { role: 'status', hidden: true });
    this.inside = h('div.inside');
    this.place.replaceChildren(this.stale, this.inside);
    setInterval(() => firing.isOpen && !document.hidden && this.#part?.tick?.(), 1000);
  }

  get rules() { return this.firing.answer?.rules ?? []; }
  get silences() { return this.firing.answer?.silences ?? []; }
  get isReadOnly() { return this.page.isReadOnly; }
  rule(id) { return this.rules.find(rule => rule.id === id); }

  /** Shows what the address says. */
  route(said) {
    const address = said.toString();
    if (address === this.#address) return this.show();
    // A rule is known when the first answer is here.
    const isKnown = this.firing.answer || !said.has('edit') || this.isReadOnly;
    if (!isKnown) {
      this.inside.replaceChildren(h('p.about', {}, 'Loading …'));
      return this.show();
    }
    const isFirst = this.#address == null;
    this.#address = address;
    this.#part = this.#partOf(said);
    this.inside.replaceChildren(this.#part.element);
    this.place.scrollTop = 0;
    this.show();
    if (!isFirst) $('h1', this.inside)?.focus();
  }

  #partOf(said) {
    if (said.has('rule')) return new RuleHistory(this, said.get('rule'));
    if (this.isReadOnly) return new AlertList(this);
    if (said.has('edit')) return new AlertForm(this, this.rule(said.get('edit')) ?? null, { missing: !this.rule(said.get('edit')) && said.get('edit') });
    if (said.has('new')) return new AlertForm(this, null, { about: said.get('new') });
    if (said.has('maintenance')) return new Maintenance(this);
    return said.has('channels') ? new Channels(this) : new AlertList(this);
  }

  /** Another view is looked at. */
  leave() {
    this.#part = this.#address = null;
    this.inside.replaceChildren();
  }

  /** There is an answer, or there is none. */
  show() {
    const { answer, problem } = this.firing;
    this.stale.hidden = !problem;
    const why = problem?.name === 'unauthorized' ? 'you are signed out' : problem?.message;
    if (problem) put(this.stale, `${answer ? 'What you see is old' : 'Not loaded'}: ${why}.`);
    if (answer && !this.#part && this.firing.isOpen) return this.route(new URLSearchParams(location.hash.slice(1)));
    if (answer) this.#part?.show?.();
  }

  at(seconds) { return moment(seconds, this.page.zone, now()); }

  // MARK: What people do

  /** Does something, says what came of it, and shows it; answers whether it was done. */
  async does(work, done) {
    try {
      const answer = await work();
      notify(typeof done === 'function' ? done(answer) : done);
      return true;
    } catch (error) {
      notify(refusalWords(error), true);
      return false;
    } finally {
      this.firing.refresh();
    }
  }

  acknowledge(rule, subject) {
    return this.does(() => ask(`alerts/rules/${encodeURIComponent(rule.id)}/acknowledge`, { method: 'POST', body: subject ? { subject } : {} }),
      ({ acknowledged }) => acknowledged ? `Acknowledged: ${rule.name}. Nobody is reminded as long as it fires.` : `${rule.name} does not fire any more.`);
  }

  silence(rule, seconds, words) {
    return this.does(() => ask('alerts/silences', { method: 'POST', body: { rule: rule.id, for: seconds, reason: '' } }),
      `${rule.name} is silent for ${words}.`);
  }

  endSilence(silence) {
    return this.does(() => ask(`alerts/silences/${encodeURIComponent(silence.id)}`, { method: 'DELETE' }),
      silence.every ? 'The silence of each week is removed.' : 'The silence has ended.');
  }

  go(address) { location.hash = address; }
}
