// A rule is made or changed, with what it would have done in the last days beside it.

import { ask } from './api.js';
import { choice, field, head, link } from './alertparts.js';
import {
  completions, conditionsOf, fieldOf, firstRule, isNumber, matched, MEASURES, nameOf, refusalWords, ruleOf, saidOf, SEVERITIES,
  unitOfMeasure,
} from './alertwords.js';
import { Backtest } from './backtest.js';
import { h, KINDS, notify, put } from './dom.js';
import { number } from './format.js';
import { parse } from './statistics.js';
import { UNITS } from './units.js';

const DRAFT = 'alert-draft';
const REMINDERS = [['', 'never'], ['900', 'every 15 min'], ['3600', 'every hour'], ['14400', 'every 4 h'], ['86400', 'every day']];
const CONDITION_WORDS = { above: 'is above', below: 'is below', equal: 'is exactly', outside: 'is unusual by at least' };

/** What was written when the session ended, once. */
function takeDraft() {
  try {
    const draft = sessionStorage.getItem(DRAFT);
    sessionStorage.removeItem(DRAFT);
    return JSON.parse(draft);
  } catch {
    // Nothing is kept in this browser, then.
    return null;
  }
}

export class AlertForm {
  /** How many statistics were known when it was last looked which ones match, and the first that does. */
  #known = 0;
  #firstMatch = null;

  /** A rule that is changed, or null for a new one; `about` is a statistic that a new one is about. */
  constructor(alerts, rule, { about, missing } = {}) {
    this.alerts = alerts;
    this.page = alerts.page;
    this.rule = rule;
    if (missing) {
      this.element = h('div', {}, head('No such rule', link('', '← Alerts')), h('p', {}, 'It was removed, or the address is wrong.'));
      return;
    }
    const draft = takeDraft();
    const stat = parse(about ?? '');
    const first = draft?.id === (rule?.id ?? null) ? draft.rule : rule ?? (stat ? firstRule(stat) : { measure: 'p95', kind: 'ms', for: 60 });
    this.#build();
    this.#fill(saidOf(first));
    if (draft?.id === (rule?.id ?? null)) put(this.problem, 'This is what you had written. It is not saved yet.'), this.problem.hidden = false;
    this.#loadChannels(saidOf(first).channels);
    this.#changed();
    // The head of the page leads to where one signs in again.
    addEventListener('pagehide', () => this.page.isOver && this.element.isConnected && this.#keep());
  }

  /** What is known may be more than a moment ago. */
  show() {
    if (this.form && this.page.statistics.all.size !== this.#known) this.#changed();
  }

  #build() {
    const input = (attributes = {}) => h('input', { autocomplete: 'off', spellcheck: 'false', ...attributes });
    this.completions = h('datalist', { id: 'alert-matches' });
    this.controls = {
      match: input({ list: 'alert-matches', required: true, autocapitalize: 'none', placeholder: 'checkout.*', maxlength: 255 }),
      kind: choice([['', 'any that has it'], ...Object.entries(KINDS)]),
      measure: choice(Object.entries(MEASURES).map(([name, [words]]) => [name, words])),
      condition: choice([], { 'aria-label': 'How it is compared' }),
      threshold: input({ inputmode: 'text' }),
      recover: input({ placeholder: 'the threshold itself' }),
      for: input({ inputmode: 'numeric' }), forUnit: choice([['1', 'seconds'], ['60', 'minutes'], ['3600', 'hours']], { 'aria-label': 'Unit of the time' }),
      name: input({ maxlength: 200, placeholder: 'Slow checkout' }),
      severity: choice(SEVERITIES.map(name => [name, name])),
      text: h('textarea', { maxlength: 4000, rows: 3 }),
      runbook: input({ type: 'url', placeholder: 'https://wiki.example.com/checkout' }),
      process: input({ placeholder: 'importer', maxlength: 64 }),
      every: choice([['', 'as often as can be'], ['60s', 'each minute']]),
      remind: choice(REMINDERS),
      enabled: h('input', { type: 'checkbox' }),
    };
    const c = this.controls;
    this.unit = h('span.unit');
    this.matches = h('p.matches', { role: 'status' });
    this.channels = h('div.channels', { role: 'group', 'aria-label': 'Channels' });
    const f = this.fields = {
      match: field('Which statistics', c.match, { hint: 'A path, or a pattern: * is any part without a dot, ** is anything. Each statistic is watched by itself.' }),
      kind: field('Kind', c.kind), measure: field('What is looked at', c.measure),
      threshold: field('Fires when it', c.threshold, { beside: this.unit }),
      recover: field('Good again from', c.recover, { hint: 'So that a value that wavers does not tell of it again and again.' }),
      for: field('For', c.for, { beside: c.forUnit, hint: '0 fires at once.' }),
      process: field('While this program is up', c.process, { hint: 'Empty: while anything is sent at all.' }),
      name: field('Title', c.name), severity: field('Severity', c.severity), text: field('What whoever is told should know', c.text),
      runbook: field('Link to what is to be done', c.runbook), every: field('Looked at', c.every), remind: field('Told again', c.remind),
      channels: field('Who is told', this.channels, { spec: 'div.field.wide' }),
      enabled: field('Watched', c.enabled, { spec: 'div.field.check' }),
    };
    // The channels are several: their label names the group.
    f.channels.querySelector('label').removeAttribute('for');
    f.threshold.querySelector('.controls').prepend(c.condition);
    this.problem = h('p.problem.general', { role: 'alert', hidden: true });
    this.save = h('button.primary', {}, this.rule ? 'Save' : 'Make the rule');
    this.backtest = new Backtest(this);
    this.form = h('form.rule-form', { novalidate: true, onsubmit: event => this.#save(event), oninput: event => this.#changed(event), onchange: event => this.#changed(event) },
      h('fieldset', {}, h('legend', {}, 'What is wrong'), f.match, this.completions, this.matches, h('div.pair', {}, f.measure, f.kind), f.threshold,
        f.process, h('div.pair', {}, f.for, f.recover)),
      this.backtest.element,
      h('fieldset', {}, h('legend', {}, 'Who is told what'), h('div.pair', {}, f.name, f.severity), f.channels, f.text, f.runbook,
        h('details', {}, h('summary', {}, 'More'), h('div.pair', {}, f.remind, f.every), f.enabled)),
      this.problem, h('div.actions', {}, link(this.rule ? `rule=${this.rule.id}` : '', 'Cancel'), this.save));
    this.element = h('div', {}, head(this.rule ? `Edit ${this.rule.name}` : 'New rule', link('', '← Alerts')), this.form);
  }

  #fill(said) {
    const { controls } = this;
    this.#offer(said);
    for (const [name, control] of Object.entries(controls)) {
      if (control.type === 'checkbox') control.checked = said[name];
      else control.value = said[name] ?? '';
    }
    this.#offer(said);
    controls.condition.value = said.condition;
    controls.recover.closest('.field').hidden = said.condition === 'equal' || !isNumber(said.measure);
  }

  async #loadChannels(chosen) {
    const box = name => h('label', {}, h('input', { type: 'checkbox', name: 'channel', value: name, checked: chosen.includes(name) }), ' ', name);
    try {
      const known = (await ask('alerts/channels')).map(({ name }) => name);
      // One that is gone is shown, so that it can be taken away.
      const all = [...known, ...chosen.filter(name => !known.includes(name))];
      this.channels.replaceChildren(...all.map(box));
      if (!all.length) this.channels.append('There is no channel yet: the rule is shown here, and nobody is told. ', link('channels', 'Make one', 'a'));
    } catch (error) {
      this.channels.replaceChildren(...chosen.map(box), h('span', {}, ` The channels were not loaded: ${refusalWords(error)}`));
    }
  }

  /** What the form says, by field. */
  get said() {
    const said = Object.fromEntries(Object.entries(this.controls).map(([name, control]) => [name, control.type === 'checkbox' ? control.checked : control.value]));
    said.channels = [...this.channels.querySelectorAll('input:checked')].map(box => box.value);
    return said;
  }

  /** Which conditions there are depends on the measure. */
  #offer({ measure, kind }) {
    const { condition } = this.controls;
    condition.offer(conditionsOf(measure).map(name => [name, CONDITION_WORDS[name]]));
    const show = (name, isShown) => { this.fields[name].hidden = !isShown; };
    show('threshold', isNumber(measure));
    show('recover', isNumber(measure) && condition.value !== 'equal');
    show('process', measure === 'silence');
    show('kind', measure !== 'process');
    show('every', isNumber(measure) && measure !== 'usual');
    this.fields.match.querySelector('label').textContent = measure === 'process' ? 'Which programs' : 'Which statistics';
    const kinds = MEASURES[measure]?.[1] ?? [];
    this.controls.kind.offer([['', kinds.length === 1 ? KINDS[kinds[0]] : 'any that has it'], ...kinds.length === 1 ? [] : kinds.map(name => [name, KINDS[name]])]);
    const [unit, sign] = unitOfMeasure(measure, this.#firstMatch ?? (kind ? `${kind}:x` : ''));
    put(this.unit, measure === 'usual' ? 'score' : sign ? `a ${sign === '/s' ? 'second' : 'minute'}` : unit === 'number' ? '' : UNITS[unit]);
  }

  /** Something was typed or chosen. */
  #changed(event) {
    const name = Object.keys(this.controls).find(name => this.controls[name] === event?.target);
    const said = this.said;
    const statistics = [...this.page.statistics.all.values()];
    this.#known = statistics.length;
    if (name === 'match' || !event) this.completions.replaceChildren(...(said.measure === 'process' ? this.page.processes.all.map(({ name }) => name)
      : completions(said.match, statistics)).map(value => h('option', { value })));
    if (name) this.fields[name === 'condition' ? 'threshold' : name === 'forUnit' ? 'for' : name]?.says(null);
    const found = matched({ match: said.match.trim(), kind: said.kind, measure: said.measure }, statistics);
    this.#firstMatch = found?.[0] ?? null;
    this.#offer(said);
    put(this.matches, this.#matchWords(said, found));
    this.backtest.ask(this.said, found ?? []);
  }

  #matchWords({ match, measure }, found) {
    if (!match.trim() || measure === 'process' || !this.page.statistics.all.size) return '';
    if (!found) return 'This is no path or pattern yet.';
    if (!found.length) return 'Matches nothing that is known now. The rule waits until something is sent.';
    const names = found.slice(0, 3).map(nameOf).join(', ');
    return found.length === 1 ? `Matches ${names}.` : `Matches ${number(found.length)} statistics: ${names}${found.length > 3 ? ', …' : '.'}`;
  }

  /** Sets the threshold to one that was dragged or suggested. */
  set threshold(value) {
    this.controls.threshold.value = String(value);
    const { recover, condition } = this.controls;
    // It is not to be good again beyond the threshold.
    const back = Number(recover.value);
    if (recover.value && (condition.value === 'below' ? back < value : back > value)) recover.value = String(value);
    this.#changed({ target: this.controls.threshold });
  }

  async #save(event) {
    event.preventDefault();
    if (this.save.disabled) return;
    for (const field of Object.values(this.fields)) field.says(null);
    this.problem.hidden = true;
    const { rule, problems } = ruleOf(this.said);
    if (Object.keys(problems).length) return this.#complain(problems);
    this.save.disabled = true;
    try {
      const body = this.rule ? { ...rule, name: rule.name ?? this.rule.name } : rule;
      const saved = this.rule ? await ask(`alerts/rules/${encodeURIComponent(this.rule.id)}`, { method: 'PUT', body })
        : await ask('alerts/rules', { method: 'POST', body });
      notify(`${saved.name} is ${this.rule ? 'saved' : 'watched from now on'}.`);
      await this.alerts.firing.refresh();
      this.alerts.go('alerts');
    } catch (error) {
      this.#refused(error);
    }
    this.save.disabled = false;
  }

  /** Keeps what is written until somebody has signed in again. */
  #keep() {
    const { rule } = ruleOf(this.said);
    try { sessionStorage.setItem(DRAFT, JSON.stringify({ id: this.rule?.id ?? null, rule })); } catch { /* It stands here as long as the page does. */ }
  }

  #refused(error) {
    const { field, text } = fieldOf(error.message);
    if (this.fields[field] && !this.fields[field].hidden) return this.#complain({ [field]: text });
    if (error.name === 'unauthorized') this.#keep();
    this.problem.textContent = refusalWords(error);
    this.problem.hidden = false;
  }

  /** Says what is wrong at each field, and goes to the first. */
  #complain(problems) {
    for (const [name, text] of Object.entries(problems)) {
      this.fields[name].says(text);
      const details = this.fields[name].closest('details');
      if (details) details.open = true;
    }
    const first = Object.keys(this.fields).find(name => name in problems);
    (this.fields[first].control.matches('input, select, textarea') ? this.fields[first].control : this.fields[first].querySelector('input'))?.focus();
  }
}
