// The way to the boards, whose page is loaded when it is opened.

import { $, notify, put } from './dom.js';

export class Boarding {
  #boards = null;
  #panel = 'watch';

  constructor(page, openPanel) {
    this.page = page;
    this.openPanel = openPanel;
    this.title = document.title;
    this.link = $('#boards-open');
    // The browser's button leads back to exactly this view.
    this.link.addEventListener('click', () =>
      this.isOpen || page.firing.isOpen || page.exploring.isOpen || page.view.shown == null || page.view.write());
    this.route();
  }

  get isOpen() { return document.body.classList.contains('boarding'); }

  /** Opens or leaves the boards, as the address says; answers whether it is theirs. */
  route() {
    const isTheirs = /^#boards?([/?]|$)/.test(location.hash);
    if (isTheirs !== this.isOpen) {
      document.body.classList.toggle('boarding', isTheirs);
      $('#boards').hidden = !isTheirs;
      put($('.skip'), isTheirs ? 'Skip to the boards' : 'Skip to the plots');
      isTheirs ? this.link.setAttribute('aria-current', 'page') : this.link.removeAttribute('aria-current');
      if (isTheirs) this.#panel = document.body.dataset.panel === 'boards' ? 'watch' : document.body.dataset.panel;
      else document.title = this.title;
      this.openPanel(isTheirs ? 'boards' : this.#panel);
      if (!isTheirs) this.part?.leave();
    }
    if (!isTheirs) return false;
    this.#boards ??= import('./boards.js').then(({ Boards }) => Boards.open(this.page)).then(part => { this.part = part; }).catch(() => {
      this.#boards = null;
      notify('The page of boards could not be loaded.', true);
    });
    this.#boards.then(() => this.isOpen && this.part?.route(location.hash.slice(1)));
    return true;
  }

  /** Leaves the boards for a part of the page. */
  leave(panel) {
    this.#panel = panel;
    location.assign(this.page.view.address());
  }
}
