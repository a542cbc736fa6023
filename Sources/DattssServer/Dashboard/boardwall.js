// Boards on a screen on the wall: nothing but plots, and after some seconds the next ones. By keyboard too.

import { h, notify, put } from './dom.js';
import { nextScreen } from './boardchange.js';

const HINT_MS = 4000;

export class Wall {
  #at = { board: 0, screen: 0 };
  #timer = 0;
  #isPaused = false;
  #asked = 0;
  #all = [];

  /** - `names`: those of the boards, in their order; `load(name)`: one of them; `seconds`: null where nothing changes by itself. */
  constructor({ root, names, load, seconds, view, onEnd }) {
    Object.assign(this, { root, names, load, seconds, view, onEnd });
    this.note = h('p.bwall', { role: 'status' });
  }

  async start(wantsFullscreen) {
    document.body.classList.add('walling');
    this.root.append(this.note);
    document.addEventListener('keydown', this.#key, true);
    document.addEventListener('fullscreenchange', this.#left);
    // A browser lets nobody but a hand do this; without it the page still fills its window.
    if (wantsFullscreen) await document.documentElement.requestFullscreen?.().catch(() => {});
    // (Only over https, or here; elsewhere the screen has its own settings.)
    this.#awake = await navigator.wakeLock?.request('screen').catch(() => null);
    this.#wasFull = Boolean(document.fullscreenElement);
    if (!this.seconds) return this.#say('Escape leads back');
    await this.#show();
  }

  #awake = null;
  #wasFull = false;
  #left = () => {
    if (document.fullscreenElement) this.#wasFull = true;
    else if (this.#wasFull) this.#leave();
  };

  end() {
    clearTimeout(this.#timer);
    clearTimeout(this.#hint);
    this.#asked++;
    document.removeEventListener('keydown', this.#key, true);
    document.removeEventListener('fullscreenchange', this.#left);
    document.body.classList.remove('walling');
    this.note.remove();
    this.#awake?.release();
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  }

  #leave() {
    this.end();
    this.onEnd();
  }

  #hint = 0;
  #say(words) {
    put(this.note, words);
    clearTimeout(this.#hint);
    this.#hint = setTimeout(() => put(this.note, ''), HINT_MS);
  }

  get #screens() { return Math.max(1, Math.ceil((this.root.scrollHeight - 40) / this.root.clientHeight)); }

  /** Shows where it is, and goes on after a while. What cannot be read now is passed over. */
  async #show() {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    try {
      if (this.#at.screen === 0) {
        this.#all = await this.names();
        if (asked !== this.#asked) return;
        if (!this.#all.length) { notify('There is no board to show.', true); return this.#leave(); }
        this.#at.board = Math.min(this.#at.board, this.#all.length - 1);
        const board = await this.load(this.#all[this.#at.board]);
        if (asked !== this.#asked) return;
        this.view.show(board, null);
        document.title = `${board.name} – DaTtSs`;
        this.#say(`${board.name}${this.#isPaused ? ', paused' : ''} – ← → another, space pauses, Escape leads back`);
      }
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#say(`Not loaded: ${error.message}`);
    }
    this.root.scrollTo({ top: this.#at.screen * this.root.clientHeight });
    if (!this.#isPaused) this.#timer = setTimeout(() => this.#step(1), this.seconds * 1000);
  }

  #step(step, isBoard = false) {
    this.#at = nextScreen(this.#at, this.#all.length, isBoard ? 0 : this.#screens, step);
    this.#show();
  }

  #key = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions = { Escape: () => this.#leave() };
    if (this.seconds) {
      Object.assign(actions, {
        ArrowRight: () => this.#step(1, true), ArrowLeft: () => this.#step(-1, true),
        ' ': () => {
          this.#isPaused = !this.#isPaused;
          this.#say(this.#isPaused ? 'Paused' : 'Goes on');
          clearTimeout(this.#timer);
          if (!this.#isPaused) this.#timer = setTimeout(() => this.#step(1), this.seconds * 1000);
        },
      });
    }
    if (!(event.key in actions)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  };
}
