// Editing a board: every change is saved at once, one after the other, and can be taken back. Of two who edit at a time each change is made on
// what the other one left.

import { ask } from './api.js';
import { h, notify } from './dom.js';
import { addressOfBoard, changed, NAME_MAX, PANELS_MAX, reverse, TEXT_BYTES_MAX, TITLE_MAX, titleOf } from './boardchange.js';

/** So often a change is made anew on what others changed before it is given up. */
const TRIES = 5;

export class BoardEditor {
  /** What the server has, and the changes that it does not have yet. */
  #server;
  #waiting = [];
  #isSaving = false;
  /** What takes back what was done. */
  #done = [];

  constructor(boards) {
    this.boards = boards;
    this.#server = boards.board;
    // (Later, because a change comes before the focus has gone where it goes.)
    this.name = h('input', { 'aria-label': 'Name of the board', maxlength: NAME_MAX, autocomplete: 'off', onchange: () => setTimeout(() => this.#rename()) });
    const button = (words, title, onclick) => h('button', { type: 'button', title, onclick }, words);
    this.text = button('Add a text', 'A text, with # headings, - lists, **bold** and links', () => this.#addText());
    this.undo = button('Undo', 'Take the last change back', () => this.#undo());
    this.saved = h('span.bsaved', { role: 'status' });
    this.bar = h('div.bedit', {}, this.name, this.text, h('a.button', { href: '#explore' }, 'Add a plot from Explore'), this.undo, this.saved);
  }

  get board() { return this.boards.board; }

  show() {
    if (document.activeElement !== this.name) this.name.value = this.board.name;
    this.undo.disabled = !this.#done.length;
    this.text.disabled = this.board.panels.length >= PANELS_MAX;
  }

  // MARK: Changes

  change(change) {
    if (!changed(this.board, change)) return;
    this.#done.push(reverse(this.board, change));
    this.#queue(change);
  }

  #undo() {
    const change = this.#done.pop();
    if (change && changed(this.board, change)) this.#queue(change);
    else notify('What was changed is not there any more.', true);
  }

  /** Shows a change at once; it is saved behind those before it. */
  #queue(change) {
    this.#waiting.push(change);
    this.#show();
    this.saved.textContent = 'Saving …';
    if (!this.#isSaving) this.#saveAll();
  }

  /** What the server has, with what is not saved yet. */
  #show() {
    const { boards } = this;
    if (boards.editor !== this) return;
    const board = this.#waiting.reduce((board, change) => changed(board, change) ?? board, this.#server);
    const isOther = JSON.stringify({ ...board, version: '' }) !== JSON.stringify({ ...boards.board, version: '' });
    boards.board = board;
    if (isOther) boards.show();
  }

  async #saveAll() {
    this.#isSaving = true;
    let isSound = true;
    while (this.#waiting.length) {
      try {
        await this.#save(this.#waiting[0], TRIES);
      } catch (error) {
        isSound = false;
        this.#done.pop();
        notify(error.name === 'exists' ? 'Another board has this name already.' : `It was not saved: ${error.message}`, true);
      }
      this.#waiting.shift();
      this.#show();
    }
    this.#isSaving = false;
    this.saved.textContent = isSound ? 'Saved' : 'Not saved';
    const { boards } = this;
    if (boards.editor === this) this.show();
    // Whoever begins to edit again begins with what is saved.
    else if (!boards.editor && boards.board?.name === this.#server.name) boards.board = this.#server;
  }

  async #save(change, tries) {
    const next = changed(this.#server, change);
    if (!next) throw new Error('somebody else has changed it meanwhile');
    const { name, version } = this.#server;
    const path = `boards/${encodeURIComponent(name)}`;
    try {
      this.#server = await ask(path, { method: 'PUT', body: { ...next, version } });
    } catch (error) {
      if (error.name !== 'outdated' || tries === 0) throw error;
      this.#server = await ask(path);
      return this.#save(change, tries - 1);
    }
    const { boards } = this;
    if (this.#server.name !== name && boards.editor === this) {
      boards.board = { ...boards.board, name: this.#server.name };
      history.replaceState(null, '', `${location.pathname}${addressOfBoard(this.#server.name, boards.time)}`);
    }
  }

  #rename() {
    const name = this.name.value.trim();
    if (!name || name === this.board.name) return void (this.name.value = this.board.name);
    this.change({ rename: name });
  }

  #addText() {
    this.change({ add: { type: 'text', text: '', title: '', width: 'full' }, at: this.board.panels.length });
    const element = this.boards.view.element.lastElementChild;
    element?.scrollIntoView({ block: 'nearest' });
    element?.querySelector('textarea')?.focus();
  }

  // MARK: The tools of a panel

  /** A cell has its panel and where that is now: both may be others when something is done. */
  tools(cell) {
    const { panel } = cell;
    const name = titleOf(panel) || 'the text';
    const isHalf = panel.width === 'half';
    const set = members => this.change({ put: cell.panel, at: cell.index, as: { ...cell.panel, ...members } });
    const move = step => this.#move(cell, cell.index + step);
    const button = (sign, label, onclick, more = {}) => h('button.icon', { type: 'button', 'aria-label': label, title: label, onclick, ...more }, sign);
    // (Later, because a change comes before the focus has gone where it goes.)
    const title = h('input', {
      value: panel.title, placeholder: 'Title', maxlength: TITLE_MAX, 'aria-label': `Title of ${name}`, autocomplete: 'off',
      onchange: () => setTimeout(() => set({ title: title.value.trim() })),
    });
    const grip = h('span.grip', { title: 'Drag', 'aria-hidden': 'true', onpointerdown: event => this.#grab(event, cell) });
    const row = h('div.brow', { onkeydown: event => this.#key(event, move) }, grip, title,
      button('↑', `Move ${name} forwards`, () => move(-1), { disabled: cell.index === 0 }),
      button('↓', `Move ${name} backwards`, () => move(1), { disabled: cell.index === this.board.panels.length - 1 }),
      button(isHalf ? '↔' : '⇥', isHalf ? `Make ${name} as wide as the board` : `Make ${name} half as wide`, () => set({ width: isHalf ? 'full' : 'half' })),
      button('×', `Remove ${name}`, () => this.change({ remove: cell.panel, at: cell.index })));
    if (panel.type !== 'text') return [row];
    const text = h('textarea', {
      'aria-label': `Text of ${name}`, placeholder: '# Heading, - list, **bold**, `code`, https://…', onchange: () => setTimeout(() => this.#setText(text, set)),
    });
    text.defaultValue = panel.text;
    return [row, text];
  }

  #setText(field, set) {
    const bytes = new TextEncoder().encode(field.value).length;
    if (bytes > TEXT_BYTES_MAX) return notify(`A text has room for ${TEXT_BYTES_MAX.toLocaleString('en')} bytes, this one has ${bytes.toLocaleString('en')}.`, true);
    set({ text: field.value });
  }

  #move({ panel, index }, to) {
    if (to >= 0 && to < this.board.panels.length) this.change({ move: panel, at: index, to });
  }

  #key(event, move) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !step || event.target.tagName === 'INPUT') return;
    event.preventDefault();
    move(step);
  }

  /** Drags a panel to where the pointer is let go. */
  #grab(event, { panel, index }) {
    if (event.button !== 0) return;
    event.preventDefault();
    const { element } = this.boards.view;
    const cells = [...element.children];
    const grip = event.target;
    grip.setPointerCapture(event.pointerId);
    cells[index].classList.add('dragged');
    let to = index;
    const over = ({ clientX: x, clientY: y }) => {
      const boxes = cells.map(cell => cell.getBoundingClientRect());
      const found = boxes.findIndex(box => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom);
      if (found < 0) return;
      to = found;
      cells.forEach((cell, i) => cell.classList.toggle('target', i === to && to !== index));
    };
    const end = isTaken => {
      grip.removeEventListener('pointermove', over);
      for (const cell of cells) cell.classList.remove('dragged', 'target');
      if (isTaken && to !== index) this.change({ move: panel, at: index, to });
    };
    grip.addEventListener('pointermove', over);
    grip.addEventListener('pointerup', () => end(true), { once: true });
    grip.addEventListener('pointercancel', () => end(false), { once: true });
  }
}
