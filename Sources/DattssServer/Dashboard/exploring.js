// The way to Explore, whose page is loaded when it is opened.

import { $, notify, put } from './dom.js';

export class Exploring {
  #explore = null;
  #panel = 'watch';

  constructor(page, openPanel) {
    this.page = page;
    this.openPanel = openPanel;
    this.link = $('#explore-open');
    // The browser's button leads back to exactly this view.
    this.link.addEventListener('click', () => this.isOpen || page.firing.isOpen || page.boarding?.isOpen || page.view.shown == null || page.view.write());
    this.route();
  }

  get isOpen() { return document.body.classList.contains('exploring'); }

  /** Whether a statistic is in the plot that is explored; undefined while none is. */
  has(stat) { return this.isOpen ? this.part?.has(stat) ?? false : undefined; }

  /** Adds a statistic to the plot, or takes it out; answers whether there is such a plot. */
  toggle(stat) {
    if (!this.isOpen) return false;
    this.part?.toggle(stat);
    return true;
  }

  /** Opens or leaves Explore, as the address says; answers whether it is its own. */
  route() {
    const isTheirs = /^#explore(\?|$)/.test(location.hash);
    if (isTheirs !== this.isOpen) {
      document.body.classList.toggle('exploring', isTheirs);
      $('#explore').hidden = !isTheirs;
      put($('.skip'), isTheirs ? 'Skip to the plot' : 'Skip to the plots');
      isTheirs ? this.link.setAttribute('aria-current', 'page') : this.link.removeAttribute('aria-current');
      if (isTheirs) this.#panel = document.body.dataset.panel === 'explore' ? 'watch' : document.body.dataset.panel;
      this.openPanel(isTheirs ? 'explore' : this.#panel);
      if (!isTheirs) this.part?.leave();
    }
    if (!isTheirs) return false;
    this.#explore ??= import('./explore.js').then(({ Explore }) => Explore.open(this.page)).then(part => { this.part = part; }).catch(() => {
      this.#explore = null;
      notify('Explore could not be loaded.', true);
    });
    this.#explore.then(() => this.isOpen && this.part?.route(location.hash.replace(/^#explore\??/, '')));
    return true;
  }

  /** Leaves Explore for a part of the page. */
  leave(panel) {
    this.#panel = panel;
    location.assign(this.page.view.address());
  }
}
