// Maintenance that comes each week: when, by the clock on the wall of a time zone, which rules tell nothing.

import { ask } from './api.js';
import { choice, field, head, link } from './alertparts.js';
import { everyOf, fieldOf, refusalWords, weekWords } from './alertwords.js';
import { h, notify } from './dom.js';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const SUNDAY = 6;

export class Maintenance {
  constructor(alerts) {
    this.alerts = alerts;
    const input = (attributes = {}) => h('input', { autocomplete: 'off', spellcheck: 'false', ...attributes });
    this.rule = choice([]);
    this.match = input({ autocapitalize: 'none', placeholder: 'all of them', maxlength: 255 });
    this.days = DAYS.map((name, day) => h('input', { type: 'checkbox', value: day, checked: day === SUNDAY }));
    this.from = input({ type: 'time', value: '02:00', required: true });
    this.to = input({ type: 'time', value: '04:00', required: true, 'aria-label': 'Until' });
    this.zone = input({ value: alerts.page.zone, list: 'alert-zones', required: true, autocapitalize: 'none', maxlength: 64 });
    this.reason = input({ maxlength: 200, placeholder: 'backup' });
    const days = h('div.channels', { role: 'group', 'aria-label': 'Days' }, ...this.days.map((box, day) => h('label', {}, box, ' ', DAYS[day])));
    this.fields = {
      days: field('Days', days, { spec: 'div.field.wide' }),
      every: field('From', this.from, { beside: [h('span.unit', {}, 'until'), this.to], hint: 'A time that ends before it begins ends on the next day.' }),
      zone: field('Time zone', this.zone, { hint: 'Its clock on the wall counts, also in the nights in which it is set.' }),
      rule: field('Which rules', this.rule), match: field('Which statistics', this.match, { hint: 'A path, or a pattern as checkout.**' }),
      reason: field('Why', this.reason),
    };
    // The days are several: their label names the group.
    this.fields.days.querySelector('label').removeAttribute('for');
    this.problem = h('p.problem.general', { role: 'alert', hidden: true });
    this.save = h('button.primary', {}, 'Be silent each week');
    const { days: daysField, every, zone, rule, match, reason } = this.fields;
    const form = h('form.rule-form', { novalidate: true, onsubmit: event => this.#save(event) },
      h('fieldset', {}, h('legend', {}, 'When nothing is told'), daysField, h('div.pair', {}, every, zone),
        h('datalist', { id: 'alert-zones' }, ...Intl.supportedValuesOf('timeZone').map(value => h('option', { value }))),
        h('div.pair', {}, rule, match), reason, this.problem, h('div.actions', {}, link('', 'Cancel'), this.save)));
    this.element = h('div', {}, head('Maintenance each week', link('', '← Alerts')),
      h('p.about', {}, 'What begins to fire meanwhile is told when the time is over, if it still fires then.'), form);
    this.show();
  }

  /** Rules may come and go. */
  show() {
    this.rule.offer([['**', 'All rules'], ...this.alerts.rules.map(({ id, name }) => [id, name])]);
  }

  async #save(event) {
    event.preventDefault();
    for (const field of Object.values(this.fields)) field.says(null);
    this.problem.hidden = true;
    const days = this.days.filter(box => box.checked).map(box => Number(box.value));
    if (!days.length) return this.#complain('days', 'Expected one day or more');
    if (!this.from.value || !this.to.value) return this.#complain('every', 'Expected two times');
    const every = everyOf({ days, from: this.from.value, to: this.to.value, zone: this.zone.value.trim() || 'UTC' });
    const body = { every, rule: this.rule.value, reason: this.reason.value.trim() };
    if (this.match.value.trim()) body.match = this.match.value.trim();
    this.save.disabled = true;
    try {
      await ask('alerts/silences', { method: 'POST', body });
      notify(`Silent ${weekWords(every)} from now on.`);
      await this.alerts.firing.refresh();
      this.alerts.go('alerts');
    } catch (error) {
      const { field, text } = fieldOf(error.message);
      const name = field === 'every' && /time zone/.test(text) ? 'zone' : field;
      if (this.fields[name]) this.#complain(name, text);
      else {
        this.problem.textContent = refusalWords(error);
        this.problem.hidden = false;
      }
    }
    this.save.disabled = false;
  }

  #complain(name, text) {
    const place = this.fields[name];
    place.says(text);
    (place.control.matches('input, select') ? place.control : place.querySelector('input')).focus();
  }
}
