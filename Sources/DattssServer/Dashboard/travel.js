// The whole page as it was at a moment: the band that says which, and the ways to others and back to now.

import { ask } from './api.js';
import { h, put } from './dom.js';
import { fieldOf, instantOf, instantOfField } from './exploreaddress.js';
import { format, span } from './format.js';
import { goTo, present, Statistics } from './statistics.js';

/** The server looks back no further. */
const DAYS_MAX = 400;
const MINUTE = 60;
const HOUR = 3600;
const STEPS = [[-HOUR, '‹ 1 h', 'An hour earlier (<)'], [-MINUTE, '‹ 1 min', 'A minute earlier (,)'], [MINUTE, '1 min ›', 'A minute later (.)'], [HOUR, '1 h ›', 'An hour later (>)']];
const KEYS = { '<': -HOUR, ',': -MINUTE, '.': MINUTE, '>': HOUR };

/** A moment in words: Sun, 29 Nov 2026, 10:05. */
export const momentWords = (at, zone) => format(zone, {
  weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
}).format(at * 1000);

/** The nearest moment that there is: a whole minute that is over, and not too long ago. */
export function within(at, time) {
  const last = Math.floor(time / MINUTE) * MINUTE;
  return Math.min(last, Math.max(Math.floor(at / MINUTE) * MINUTE, last - DAYS_MAX * 86400));
}

/** When clocks of a zone show a minute of a day; the other minute of the same name where they show it twice is not meant. */
export const instantOfDay = (day, minute, zone) => instantOf(Date.parse(`${day}T00:00Z`) / 1000 + minute * MINUTE, zone);

let style = null;
const loadStyle = () => style ??= new Promise(resolve => {
  document.head.append(h('link', { rel: 'stylesheet', href: '/assets/travel.css', onload: resolve, onerror: resolve }));
});

export class Travel {
  #asked = 0;
  /** What is shown; null is the present. */
  #at = null;
  /** What is said of it besides. */
  #note = '';

  constructor(page) {
    this.page = page;
    this.words = h('p', { role: 'status' });
    this.field = h('input', { type: 'datetime-local', id: 'moment-field', 'aria-label': 'Moment', onchange: () => this.#choose() });
    const button = (text, label, onclick) => h('button', { type: 'button', title: label, 'aria-label': label, onclick }, text);
    const steps = STEPS.map(([seconds, text, label]) => button(text, label, () => this.move(seconds)));
    this.later = steps.slice(2);
    this.back = h('button.primary', { type: 'button', title: 'Back to now (n)', onclick: () => this.leave() }, 'Back to now');
    this.element = h('section', { id: 'moment', 'aria-label': 'The moment that is shown', hidden: true },
      this.words, h('div.group', {}, ...steps.slice(0, 2), this.field, ...this.later), this.back);
    document.querySelector('#dashboard').before(this.element);
  }

  /** Goes to a moment that the cursor is at, `{ day, minute }`; without one somebody may choose it. */
  async open(moment) {
    await loadStyle();
    if (moment) return this.#set(instantOfDay(moment.day, moment.minute, this.page.zone));
    if (this.#at == null) {
      this.element.hidden = false;
      this.#show(within(present(), present()), 'Choose the moment as of which all of the page is to be shown.');
    }
    this.field.focus();
  }

  /** Shows a moment, as an address says it. */
  async go(at) {
    if (at === this.#at && at != null) return this.#show(at);
    const isSame = at === this.#at;
    this.#at = at;
    const asked = ++this.#asked;
    goTo(at);
    document.body.classList.toggle('past', at != null);
    this.element.hidden = at == null;
    this.element.removeAttribute('aria-busy');
    if (at == null) {
      if (isSame) return;
      // Minutes have passed meanwhile.
      this.page.present.forgetHours();
      return this.page.showStatistics(this.page.present);
    }
    this.element.setAttribute('aria-busy', 'true');
    await loadStyle();
    if (asked !== this.#asked) return;
    this.#note = '';
    this.#show(at);
    const statistics = new Statistics();
    let [problem, status] = ['', null];
    try {
      status = await ask(`status?at=${at}`);
    } catch (error) {
      problem = `It cannot be shown: ${error.message}.`;
    }
    if (asked !== this.#asked) return;
    if (status) {
      statistics.apply(status);
      goTo(status.at);
      this.#note = status.step === 60 ? ' Only hours are left of then: this is the last that was over.' : '';
    }
    this.element.removeAttribute('aria-busy');
    this.page.showStatistics(statistics);
    this.#show(at, problem);
  }

  /** The zone may be another one. */
  refresh() { if (this.#at != null) this.#show(this.#at); }

  #show(at, problem = '') {
    const { zone } = this.page;
    put(this.words, problem || `Shown as of ${momentWords(at, zone)} (${span(present() - at)} ago).${this.#note}`);
    this.element.classList.toggle('bad', Boolean(problem) && this.#at != null);
    const limits = [within(-Infinity, present()), within(Infinity, present())].map(limit => fieldOf(limit, zone));
    [this.field.min, this.field.max] = limits;
    if (document.activeElement !== this.field || this.field.value !== fieldOf(at, zone)) this.field.value = fieldOf(at, zone);
    for (const button of this.later) button.disabled = at >= within(Infinity, present());
  }

  #choose() {
    const { value, validity } = this.field;
    // While somebody types a year there are years that are meant by nobody.
    if (value && validity.valid) this.#set(instantOfField(value, this.page.zone));
  }

  /** So much earlier or later. */
  move(seconds) { this.#set((this.#at ?? present()) + seconds); }

  /** The same time of another day. */
  toDay(day) {
    const [, time] = fieldOf(this.#at, this.page.zone).split('T');
    const [hour, minute] = time.split(':').map(Number);
    this.#set(instantOfDay(day, hour * 60 + minute, this.page.zone));
  }

  /** Back to the present. */
  leave() {
    const { view } = this.page;
    const hadFocus = this.element.contains(document.activeElement);
    if (this.#at == null) this.element.hidden = true;
    else {
      view.at = null;
      view.write(true);
      this.go(null);
    }
    if (hadFocus) document.querySelector('#travel').focus();
  }

  /** Answers whether a key means another moment. */
  key(key) {
    if (key === 'n') this.leave();
    else if (key in KEYS) this.move(KEYS[key]);
    else return false;
    return true;
  }

  #set(at) {
    const { view } = this.page;
    // To come is a step that the browser's button takes back; to go on from there is none.
    const isStep = view.at == null;
    [view.at, view.day] = [within(at, present()), null];
    view.write(isStep);
    this.go(view.at);
  }
}
