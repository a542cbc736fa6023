// How many rules fire, in the head of the page; and the way to the alerts, whose page is loaded when it is opened.

import { ask } from './api.js';
import { $, notify, put } from './dom.js';

const PERIOD_MS = 15_000;
/** While somebody looks at them. */
const OPEN_PERIOD_MS = 3_000;
/** Of many rules an answer is dear: asking takes at most such a part of the time. */
const SHARE = 1 / 20;

/** How many fire; what is off does not. */
export const countFiring = rules => rules.filter(({ state, enabled }) => state === 'firing' && enabled !== false).length;

export class Firing {
  /** What the server told last, and why it told nothing when it was asked then. */
  answer = null;
  problem = null;
  #alerts = null;
  #asked = 0;
  #timer = 0;
  #count = 0;
  #panel = 'watch';

  constructor(page, openPanel) {
    this.page = page;
    this.openPanel = openPanel;
    this.title = document.title;
    this.link = $('#alarm');
    this.link.hidden = false;
    // The browser's button leads back to exactly this view.
    this.link.addEventListener('click', () => this.isOpen || page.exploring.isOpen || page.boarding.isOpen || page.view.shown == null || page.view.write());
    document.addEventListener('visibilitychange', () => document.hidden || this.refresh());
    this.route();
    this.refresh();
  }

  get isOpen() { return document.body.classList.contains('alerting'); }

  /** Opens or leaves the alerts, as the address says; answers whether it is theirs. */
  route() {
    const said = new URLSearchParams(location.hash.slice(1));
    const isTheirs = said.has('alerts');
    if (isTheirs !== this.isOpen) {
      document.body.classList.toggle('alerting', isTheirs);
      $('#alerts').hidden = !isTheirs;
      put($('.skip'), isTheirs ? 'Skip to the alerts' : 'Skip to the plots');
      isTheirs ? this.link.setAttribute('aria-current', 'page') : this.link.removeAttribute('aria-current');
      if (isTheirs) this.#panel = document.body.dataset.panel === 'alerts' ? 'watch' : document.body.dataset.panel;
      else this.#alerts?.then(alerts => alerts?.leave());
      this.openPanel(isTheirs ? 'alerts' : this.#panel);
      this.#name();
      if (isTheirs && this.answer) this.refresh();
    }
    if (!isTheirs) return false;
    this.#alerts ??= import('./alerts.js').then(({ Alerts }) => Alerts.open(this.page, this)).catch(() => {
      this.#alerts = null;
      notify('The page of alerts could not be loaded.', true);
    });
    this.#alerts.then(alerts => this.isOpen && alerts?.route(new URLSearchParams(location.hash.slice(1))));
    return true;
  }

  /** Leaves the alerts for a part of the page. */
  leave(panel) {
    this.#panel = panel;
    location.assign(this.page.view.address());
  }

  /** Asks what fires, and again after a while. */
  async refresh() {
    clearTimeout(this.#timer);
    if (this.page.isOver) return;
    const asked = ++this.#asked;
    const began = performance.now();
    try {
      const answer = await ask('alerts');
      if (asked !== this.#asked) return;
      [this.answer, this.problem] = [answer, null];
      this.#tell(countFiring(answer.rules));
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = error;
    }
    const period = Math.max(this.isOpen ? OPEN_PERIOD_MS : PERIOD_MS, (performance.now() - began) / SHARE);
    this.#timer = setTimeout(() => document.hidden || this.refresh(), period);
    (await this.#alerts)?.show();
  }

  /** Says how many fire, to eyes and ears. */
  #tell(count) {
    this.link.classList.toggle('firing', count > 0);
    for (const badge of document.querySelectorAll('.count')) {
      badge.hidden = !count;
      put(badge.firstElementChild, String(count));
    }
    if (count !== this.#count) put($('#alarm-said'), count ? `${count} ${count === 1 ? 'alert fires' : 'alerts fire'}` : 'No alert fires any more');
    this.#count = count;
    this.#name();
  }

  #name() {
    document.title = `${this.#count ? `(${this.#count}) ` : ''}${this.isOpen ? `Alerts – ${this.title}` : this.title}`;
  }
}
