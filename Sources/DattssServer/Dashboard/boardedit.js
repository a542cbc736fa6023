// Editing a board: every change is saved at once, one after the other, and can be taken back. Of two who edit at a time each change is made on
// what the other one left.

import { ask } from './api.js';
import { h, notify } from './dom.js';
import { addressOfBoard, changed, NAME_MAX, PANELS_MAX, reverse, TITLE_MAX, titleOf } from './boardchange.js';

/** So often a change is made anew on what others changed before it is given up. */
const TRIES = 5;

export class BoardEditor {
  #saving = Promise.resolve();
  #done = [];
  #drag = null;

  constructor(boards) {
    this.boards = boards;
    this.name = h('input', { 'aria-label': 'Name of the board', maxlength: NAME_MAX, autocomplete: 'off', onchange: () => this.#rename() });
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
    const next = changed(this.board, change);
    if (!next) return;
    this.#done.push(reverse(this.board, change));
    this.#make(change, next);
  }

  #undo() {
    const change = this.#done.pop();
    const next = change && changed(this.board, change);
    if (next) this.#make(change, next);
    else if (change) notify('What was changed is not there any more.', true);
  }

  /** Shows a change at once, and saves it behind those before it. */
  #make(change, next) {
    const { boards } = this;
    const before = boards.board;
    boards.board = next;
    boards.show();
    this.saved.textContent = 'Saving …';
    this.#saving = this.#saving.then(() => this.#save(change, TRIES)).then(() => {
      this.saved.textContent = 'Saved';
    }, error => {
      this.saved.textContent = 'Not saved';
      notify(error.name === 'exists' ? 'Another board has this name already.' : `It was not saved: ${error.message}`, true);
      this.#done.pop();
      return this.#read(before.name);
    });
  }

  /** What the server has, without the changes that wait. */
  #server = null;

  async #save(change, tries) {
    const base = this.#server ?? { ...this.board, version: this.board.version };
    const address = this.#name ?? this.board.name;
    // The first of several changes was made on what the server told.
    const next = this.#server ? changed(base, change) : this.board;
    if (!next) {
      await this.#read(address);
      throw new Error('somebody else has changed it meanwhile');
    }
    try {
      const answer = await ask(`boards/${encodeURIComponent(address)}`, { method: 'PUT', body: { ...next, version: base.version } });
      this.#took(answer, address);
    } catch (error) {
      if (error.name !== 'outdated' || tries === 0) throw error;
      this.#server = await ask(`boards/${encodeURIComponent(address)}`);
      await this.#save(change, tries - 1);
    }
  }

  #name = null;

  #took(answer, address) {
    this.#server = answer;
    this.#name = answer.name;
    const { boards } = this;
    if (boards.editor !== this) return;
    const mine = JSON.stringify({ ...boards.board, version: null });
    boards.board.version = answer.version;
    if (mine !== JSON.stringify({ ...answer, version: null })) {
      // Somebody else's changes are among them, or mine go on.
      this.#isBehind = true;
    }
    if (answer.name !== address) history.replaceState(null, '', `${location.pathname}${addressOfBoard(answer.name, boards.time)}`);
    const waiting = this.#saving;
    waiting.then(() => this.#saving === waiting && this.#catchUp());
  }

  #isBehind = false;

  /** When nothing waits any more, what is shown is what the server has. */
  #catchUp() {
    const { boards } = this;
    if (!this.#isBehind || boards.editor !== this || !this.#server) return;
    this.#isBehind = false;
    boards.board = this.#server;
    boards.show();
  }

  async #read(name) {
    const { boards } = this;
    try {
      const board = await ask(`boards/${encodeURIComponent(name)}`);
      [this.#server, this.#name] = [board, board.name];
      if (boards.editor !== this) return;
      boards.board = board;
      boards.show();
    } catch (error) {
      notify(`The board could not be read: ${error.message}`, true);
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

  tools(panel, index) {
    const name = titleOf(panel) || 'the text';
    const { length } = this.board.panels;
    const put = members => this.change({ put: panel, at: index, as: { ...panel, ...members } });
    const button = (sign, label, onclick, more = {}) => h('button.icon', { type: 'button', 'aria-label': label, title: label, onclick, ...more }, sign);
    const title = h('input', { value: panel.title, placeholder: 'Title', maxlength: TITLE_MAX, 'aria-label': `Title of ${name}`, autocomplete: 'off', onchange: () => put({ title: title.value.trim() }) });
    const grip = h('span.grip', { title: 'Drag', 'aria-hidden': 'true', onpointerdown: event => this.#grab(event, panel, index) });
    const row = h('div.brow', { onkeydown: event => this.#key(event, panel, index) }, grip, title,
      button('↑', `Move ${name} forwards`, () => this.#move(panel, index, index - 1), { disabled: index === 0 }),
      button('↓', `Move ${name} backwards`, () => this.#move(panel, index, index + 1), { disabled: index === length - 1 }),
      button(panel.width === 'half' ? '↔' : '⇥', panel.width === 'half' ? `Make ${name} as wide as the board` : `Make ${name} half as wide`, () => put({ width: panel.width === 'half' ? 'full' : 'half' })),
      button('×', `Remove ${name}`, () => this.change({ remove: panel, at: index })));
    if (panel.type !== 'text') return [row];
    const text = h('textarea', { 'aria-label': `Text of ${name}`, placeholder: '# Heading, - list, **bold**, `code`, https://…', onchange: () => this.#setText(text, put) });
    text.value = panel.text;
    return [row, text];
  }

  #setText(field, put) {
    const bytes = new TextEncoder().encode(field.value).length;
    if (bytes > 10_000) return notify(`A text has room for 10,000 bytes, this one has ${bytes.toLocaleString('en')}.`, true);
    put({ text: field.value });
  }

  #move(panel, at, to) {
    if (to < 0 || to >= this.board.panels.length) return;
    const back = document.activeElement?.getAttribute('aria-label');
    this.change({ move: panel, at, to });
    // The tools are made anew: the focus stays on the same of them, or on its neighbour at the end.
    const row = this.boards.view.element.children[to]?.querySelector('.brow');
    const again = [...row?.querySelectorAll('button') ?? []].find(button => button.getAttribute('aria-label') === back);
    (again && !again.disabled ? again : row?.querySelector('button:not(:disabled)'))?.focus();
    this.boards.view.element.children[to]?.scrollIntoView({ block: 'nearest' });
  }

  #key(event, panel, index) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !step || event.target.tagName === 'INPUT') return;
    event.preventDefault();
    this.#move(panel, index, index + step);
  }

  /** Drags a panel to where the pointer is let go. */
  #grab(event, panel, index) {
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
