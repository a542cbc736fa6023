// A board for whoever has its link: what stands behind the # is the token. All that is asked is a panel's number and a time.

import { ask, present } from './api.js';
import { $, h, put } from './dom.js';
import { BoardView, loadBoardStyle, timeChoice } from './boardview.js';
import { moment } from './format.js';
import { now } from './statistics.js';
import { take } from './units.js';
import { ownZone } from './view.js';

const zone = ownZone();

/** Where the numbers of a panel come from. `onOutdated` is called when the board is another one meanwhile. */
export function sharedSource(number, version, onOutdated) {
  const get = async (what, parameters) => {
    try {
      return await ask(`shared/panels/${number}/${what}?${new URLSearchParams({ ...parameters, version })}`, { at: '' });
    } catch (error) {
      if (error.name === 'outdated') onOutdated();
      throw error;
    }
  };
  return {
    lines: (_, query, window, before) => get('lines', { query, ...window, ...before ? { before } : {} }),
    heatmap: (_, window) => get('heatmap', window),
  };
}

class SharedBoard {
  #time = null;
  #isAsking = false;

  #prepare() {
    this.root = $('#shared');
    this.view = new BoardView({
      sourceOf: index => sharedSource(index, this.board.version, () => this.load()), onRange: time => this.show(time),
    });
    this.heading = h('h1');
    this.note = h('small');
    this.choice = timeChoice(time => this.show(time));
    this.empty = h('p.bempty', { hidden: true }, 'Nothing is on this board yet.');
  }

  async load() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      const { board, units, expiresAt } = await ask('shared', { at: '' });
      if (!this.view) this.#prepare();
      await loadBoardStyle();
      take({ units });
      this.board = board;
      put(this.heading, board.name);
      document.title = `${board.name} – DaTtSs`;
      put(this.note, `For looking only${expiresAt ? `, until ${moment(expiresAt, zone, now())}` : ''}.`);
      this.empty.hidden = board.panels.length > 0;
      if (!this.view.element.isConnected) {
        this.root.replaceChildren(h('header.btop', {}, this.heading, this.choice,
          h('div.group', {}, this.note, h('button', { type: 'button', onclick: () => this.#fullScreen() }, 'Full screen'))), this.empty, this.view.element);
      }
      this.show(this.#time);
    } catch (error) {
      this.view?.remove();
      this.view = null;
      $('#shared').replaceChildren(h('div.bempty', {}, h('h1', {}, error.status === 404 ? 'This link shows nothing.' : 'The board was not loaded.'),
        h('p', {}, error.status === 404 ? 'It was revoked, is too old, or a letter of it is missing. Ask whoever gave it to you for another one.' : `${error.message}.`),
        h('button', { type: 'button', onclick: () => location.reload() }, 'Try again')));
    }
    this.#isAsking = false;
  }

  show(time) {
    this.#time = time;
    this.choice.show(time, time && !time.range ? `${moment(time.from, zone, now())} – ${moment(time.to, zone, now())}` : '');
    this.view.show(this.board, time);
  }

  async #fullScreen() {
    const { Wall } = await import('./boardwall.js');
    const wall = new Wall({ root: this.root, names: () => [], load: () => null, seconds: null, view: this.view, onEnd: () => {} });
    await wall.start(true);
  }
}

async function open() {
  present(location.hash.slice(1) || 'none');
  await new SharedBoard().load();
  // Another # alone does not load a page anew.
  addEventListener('hashchange', () => location.reload());
}

open();
