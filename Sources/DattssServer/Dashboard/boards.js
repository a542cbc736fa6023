// Boards: the list of them, and one of them, seen or edited. Each is its address: #boards, #board/NAME, #board/NAME?range=1d

import { ask } from './api.js';
import { $, confirm, h, notify, put } from './dom.js';
import { addressOfBoard, NAME_MAX, readTime } from './boardchange.js';
import { BoardEditor } from './boardedit.js';
import { BoardView, loadBoardStyle, timeChoice } from './boardview.js';
import { AddressError } from './exploreaddress.js';
import { moment, span } from './format.js';
import { now } from './statistics.js';

const TURNS = [10, 30, 60, 300];
const TURN_MIN = 5;
const TURN_MAX = 3600;

const pathOf = name => `boards/${encodeURIComponent(name)}`;

/** Whether somebody of a role in a team may make links, by which others see what the team sees. */
export const mayShare = role => role === 'owner' || role === 'administer';

/** Saves a document as a file. */
function saveFile(board) {
  const { version, ...content } = board;
  const link = h('a', {
    href: URL.createObjectURL(new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: 'application/json' })),
    download: `${board.name.replace(/[^\w.-]+/g, '_')}.board.json`,
  });
  link.click();
  // (The browser has taken it by then.)
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export class Boards {
  board = null;
  #asked = 0;

  static async open(page) {
    await loadBoardStyle();
    return new Boards(page);
  }

  constructor(page) {
    this.page = page;
    this.root = $('#boards');
    document.addEventListener('visibilitychange', () => document.hidden || !page.boarding.isOpen || this.wall || this.#refresh());
  }

  leave() {
    this.#asked++;
    this.#close();
  }

  #close() {
    this.wall?.end();
    this.wall = null;
    this.view?.remove();
    [this.view, this.board, this.editor] = [null, null, null];
  }

  /** Shows what an address says. */
  async route(address) {
    const [, path, query = ''] = address.match(/^([^?]*)\??(.*)$/);
    if (path === 'boards') {
      const turn = Number(new URLSearchParams(query).get('turn'));
      return turn ? this.#turn(Math.min(TURN_MAX, Math.max(TURN_MIN, Math.round(turn)) || TURNS[1])) : this.#list();
    }
    let name;
    try { name = decodeURIComponent(path.replace(/^board\//, '')); } catch { return this.#missing('This address is broken.'); }
    let time = null;
    let problem = '';
    try {
      time = readTime(query);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      problem = `The time is not understood. ${error.message}.`;
    }
    if (this.board?.name === name && this.view) return this.#showTime(time, problem);
    await this.#open(name, time, problem);
  }

  #missing(words, ...more) {
    this.#close();
    document.title = 'Boards – DaTtSs';
    this.root.replaceChildren(h('div.bempty', {}, h('h1', { tabindex: -1 }, words), ...more, h('p', {}, h('a', { href: '#boards' }, 'All boards'))));
  }

  // MARK: All of them

  async #list() {
    const asked = ++this.#asked;
    let answer;
    try {
      answer = await ask('boards');
    } catch (error) {
      if (asked === this.#asked) this.#missing(`The boards were not loaded: ${error.message}.`);
      return;
    }
    if (asked !== this.#asked) return;
    this.#close();
    document.title = 'Boards – DaTtSs';
    const { boards } = answer;
    const isOurs = !this.page.isReadOnly;
    const name = h('input', { 'aria-label': 'Name of the new board', placeholder: 'Name, as: Shop', maxlength: NAME_MAX, required: true, autocomplete: 'off' });
    const make = h('form.bline', { onsubmit: event => { event.preventDefault(); this.#make({ name: name.value.trim(), panels: [] }); } }, name, h('button.primary', {}, 'Make a board'));
    const file = h('input.unseen', { type: 'file', accept: '.json,application/json', 'aria-label': 'File of a board', onchange: () => file.files[0] && this.#import(file) });
    const turn = h('select', { 'aria-label': 'Next board after' }, ...TURNS.map(seconds => h('option', { value: seconds, selected: seconds === 30 }, span(seconds))));
    const wall = h('form.bline', { onsubmit: event => { event.preventDefault(); this.#startWall(Number(turn.value)); } },
      h('span', {}, 'On a wall: the next one after '), turn, h('button', {}, 'Show all in turn'));
    this.root.replaceChildren(
      h('header.btop', {}, h('h1', { tabindex: -1 }, 'Boards'), boards.length > 0 && wall),
      boards.length === 0 && h('div.bempty', {}, h('h2', {}, 'There is no board yet.'),
        h('p', {}, isOurs ? 'A board keeps plots and texts beside each other. Make one here, then open ' : 'A board keeps plots and texts beside each other.',
          isOurs && h('a', { href: '#explore' }, 'Explore'), isOurs && ' and add its plots with “Add to board”.')) || '',
      h('ul.blist', {}, ...boards.map(board => h('li', {},
        h('a', { href: addressOfBoard(board.name) }, board.name),
        h('small', {}, `${board.panels} ${board.panels === 1 ? 'panel' : 'panels'}; changed ${moment(board.changedAt, this.page.zone, now())}`
          + (board.shares ? `; ${board.shares} ${board.shares === 1 ? 'link' : 'links'}` : '')),
        isOurs && h('button.quiet', { type: 'button', 'aria-label': `Delete the board ${board.name}`, onclick: () => this.#delete(board) }, 'Delete')))),
      isOurs && h('div.bmake', {}, make, h('label.button', {}, 'Import a file', file)) || '');
  }

  async #make(board) {
    try {
      const made = await ask('boards', { method: 'POST', body: board });
      location.hash = addressOfBoard(made.name).slice(1);
      if (!made.panels.length) this.editNext = made.name;
    } catch (error) {
      notify(error.name === 'exists' ? `There is a board “${board.name}” already.` : `It was not made: ${error.message}`, true);
    }
  }

  async #import(input) {
    const text = await input.files[0].text();
    input.value = '';
    let board;
    try { board = JSON.parse(text); } catch { return notify('That file is no JSON, and so no board.', true); }
    if (board === null || typeof board !== 'object' || Array.isArray(board)) return notify('That file is no board.', true);
    const { boards } = await ask('boards').catch(() => ({ boards: [] }));
    const names = new Set(boards.map(({ name }) => name));
    const stem = String(board.name ?? '').slice(0, NAME_MAX - 4);
    for (let number = 2; names.has(board.name); number++) board.name = `${stem} ${number}`;
    await this.#make(board);
  }

  async #delete({ name, version, shares }) {
    const words = shares ? `Its ${shares === 1 ? 'link shows' : `${shares} links show`} nothing any more. ` : '';
    if (!await confirm(`Delete the board “${name}”?`, `${words}This cannot be taken back.`, 'Delete')) return;
    try {
      await ask(`${pathOf(name)}?version=${version}`, { method: 'DELETE' });
    } catch (error) {
      notify(error.name === 'outdated' ? 'It was changed meanwhile, and is still there.' : error.message, true);
    }
    if (location.hash === '#boards') this.#list();
    else location.hash = 'boards';
  }

  // MARK: One

  async #open(name, time, problem) {
    const asked = ++this.#asked;
    let board;
    try {
      board = await ask(pathOf(name));
    } catch (error) {
      if (asked !== this.#asked) return;
      return this.#missing(error.status === 404 ? `There is no board “${name}”.` : `The board was not loaded: ${error.message}.`);
    }
    if (asked !== this.#asked) return;
    this.#close();
    this.board = board;
    this.view = new BoardView({ onRange: time => this.#go(time), exploreOf: address => `#explore?${address}` });
    this.heading = h('h1', { tabindex: -1 });
    this.choice = timeChoice(time => this.#go(time));
    this.problem = h('p.xproblem', { role: 'status', hidden: true });
    this.empty = h('div.bempty', { hidden: true });
    const isOurs = !this.page.isReadOnly;
    const button = (words, onclick, more = {}) => h('button', { type: 'button', onclick, ...more }, words);
    this.edit = button('Edit', () => this.setEditing(!this.editor), { 'aria-pressed': false });
    this.more = h('div.group', {},
      isOurs && this.edit, isOurs && this.#sharing(button), button('Export', () => saveFile(this.board), { title: 'Save the board as a file' }),
      button('Full screen', () => this.#fullScreen()));
    this.bar = h('div.bbar', { hidden: true });
    this.root.replaceChildren(
      h('header.btop', {}, h('a', { href: '#boards' }, '‹ Boards'), this.heading, this.choice, this.more), this.problem, this.bar, this.empty, this.view.element);
    this.#showTime(time, problem);
    if (this.editNext === name) this.setEditing(true);
    this.editNext = null;
  }

  /** What makes links; whom the server would refuse one is told why there is none. */
  #sharing(button) {
    return mayShare(this.page.role) ? button('Share', () => this.#share()) : h('small.bwhy', {}, 'Links are made by whoever administers the team.');
  }

  #go(time) { history.pushState(null, '', `${location.pathname}${addressOfBoard(this.board.name, time)}`); this.#showTime(time); }

  #showTime(time, problem = '') {
    this.time = time;
    put(this.problem, problem);
    this.problem.hidden = !problem;
    this.choice.show(time, time?.range ? '' : time && `${moment(time.from, this.page.zone, now())} – ${moment(time.to, this.page.zone, now())}`);
    this.show();
  }

  /** Shows the board as it is now known. */
  show() {
    const { board } = this;
    put(this.heading, board.name);
    document.title = `${board.name} – DaTtSs`;
    const isOurs = !this.page.isReadOnly;
    this.empty.hidden = board.panels.length > 0;
    this.empty.replaceChildren(h('h2', {}, 'Nothing is on this board yet.'), h('p', {}, 'Choose what to plot in ', h('a', { href: '#explore' }, 'Explore'),
      ', and add it by “Add to board”', isOurs ? '; texts are added here.' : '.'));
    this.view.show(board, this.time, this.editor && (cell => this.editor.tools(cell)));
    this.editor?.show();
  }

  setEditing(isEditing) {
    this.editor = isEditing ? new BoardEditor(this) : null;
    this.edit.setAttribute('aria-pressed', isEditing);
    put(this.edit, isEditing ? 'Done' : 'Edit');
    this.bar.hidden = !isEditing;
    this.bar.replaceChildren(...this.editor ? [this.editor.bar] : []);
    this.show();
  }

  /** Takes in what was changed elsewhere, when nobody is in the middle of something. */
  async #refresh() {
    if (!this.board || this.editor || this.root.contains(document.activeElement) && /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) return;
    const { name, version } = this.board;
    const board = await ask(pathOf(name)).catch(() => null);
    if (!board || this.board?.name !== name || this.board.version !== version) return;
    this.board = board;
    this.show();
  }

  async #share() {
    const { showShares } = await import('./boardshare.js').catch(() => ({}));
    showShares ? showShares(this.board, this.page.zone) : notify('The links could not be loaded.', true);
  }

  async #fullScreen() {
    const { Wall } = await import('./boardwall.js').catch(() => ({}));
    if (!Wall) return notify('It could not be loaded.', true);
    this.wall = new Wall({ root: this.root, names: () => [this.board.name], load: () => this.board, seconds: null, view: this.view, onEnd: () => { this.wall = null; this.view && this.show(); } });
    await this.wall.start(true);
  }

  // MARK: All of them in turn

  #startWall(seconds) {
    document.documentElement.requestFullscreen?.().catch(() => {});
    location.hash = `boards?turn=${seconds}`;
  }

  async #turn(seconds) {
    const asked = ++this.#asked;
    const { Wall } = await import('./boardwall.js').catch(() => ({}));
    if (asked !== this.#asked) return;
    if (!Wall) return this.#missing('It could not be loaded.');
    this.#close();
    document.title = 'Boards – DaTtSs';
    this.view = new BoardView();
    this.root.replaceChildren(h('h1.unseen', { tabindex: -1 }, 'Boards in turn'), this.view.element);
    this.wall = new Wall({
      root: this.root, seconds, view: this.view,
      names: async () => (await ask('boards')).boards.map(({ name }) => name),
      load: name => ask(pathOf(name)),
      onEnd: () => { location.hash = 'boards'; },
    });
    await this.wall.start(false);
  }
}
