// A board as it is seen: its plots, live, and its texts. What is not on the screen is not loaded.

import { h, notify, put } from './dom.js';
import { addressAt, titleOf } from './boardchange.js';
import { textElements } from './boardtext.js';
import { loadStyle, showPlot } from './exploreplot.js';

let style = null;
/** What boards look like, once. */
export function loadBoardStyle() {
  style ??= Promise.all([loadStyle(), new Promise(resolve => {
    document.head.append(h('link', { rel: 'stylesheet', href: '/assets/boards.css', onload: resolve, onerror: resolve }));
  })]);
  return style;
}

const FILES = ['png', 'svg', 'csv'];

export class BoardView {
  #cells = [];
  #time = null;

  /**
   * - `sourceOf(index)`: where the numbers of a panel's plot come from, if not from what the user may see.
   * - `onRange(time)`: somebody zooms or moves one plot, and so all.
   * - `exploreOf(address)`: the address of Explore for a plot, where there is one.
   */
  constructor({ sourceOf, onRange, exploreOf } = {}) {
    [this.sourceOf, this.onRange, this.exploreOf] = [sourceOf, onRange, exploreOf];
    this.element = h('div.bpanels');
    // For whoever looks from a console.
    this.element.board = this;
    this.seen = new IntersectionObserver(entries => entries.forEach(({ target, isIntersecting }) => this.#see(target, isIntersecting)), { rootMargin: '160px' });
  }

  /** How many plots there are, and how many were on the screen so far. */
  get counts() {
    const plots = this.#cells.filter(({ panel }) => panel.type === 'plot');
    return { plots: plots.length, loaded: plots.filter(({ plot }) => plot).length };
  }

  /** Shows a board over a time. Panels that are as they were keep what they show. `tools(panel, index)` makes what a panel is edited by. */
  show(board, time, tools) {
    this.#time = time;
    const before = [...this.#cells];
    const focused = document.activeElement;
    this.#cells = board.panels.map((panel, index) => {
      const key = JSON.stringify(panel) + (this.sourceOf ? `${index} ${board.version}` : '');
      const known = before.findIndex(cell => cell.key === key);
      const cell = known < 0 ? this.#make(panel, key) : before.splice(known, 1)[0];
      cell.index = index;
      return cell;
    });
    for (const cell of before) this.#remove(cell);
    this.element.replaceChildren(...this.#cells.map(({ element }) => element));
    for (const cell of this.#cells) {
      cell.tools.replaceChildren(...tools ? tools(cell.panel, cell.index, cell.element) : []);
      const text = cell.element.querySelector(':scope > .btext');
      if (text) text.hidden = Boolean(tools);
      cell.element.classList.toggle('edited', Boolean(tools));
      if (cell.address != null) {
        const address = this.#addressOf(cell.panel);
        if (address !== cell.address) cell.plot?.set(address);
        cell.address = address;
        if (cell.link) cell.link.href = this.exploreOf(addressAt(cell.panel, time));
      }
    }
    // What was moved keeps the focus.
    if (focused && focused !== document.activeElement && this.element.contains(focused)) focused.focus({ preventScroll: true });
  }

  remove() {
    this.seen.disconnect();
    for (const cell of this.#cells) this.#remove(cell);
    this.#cells = [];
  }

  #remove(cell) {
    this.seen.unobserve(cell.element);
    cell.isGone = true;
    cell.plot?.remove();
    cell.element.remove();
  }

  /** The title stands above it. */
  #addressOf(panel) { return addressAt({ address: panel.address.replace(/(^|&)title=[^&]*/, '') }, this.#time); }

  #make(panel, key) {
    const isPlot = panel.type === 'plot';
    const title = titleOf(panel);
    const cell = { panel, key, plot: null, tools: h('div.btools') };
    cell.element = h('section', { class: `bpanel ${panel.type} ${panel.width}`, 'aria-label': title || 'Text' });
    const heading = h('h2', { title: title || null }, title);
    if (isPlot) {
      cell.address = this.#addressOf(panel);
      cell.place = h('div.bplace', {}, h('p.xat', {}, '\u00a0'));
      cell.link = this.exploreOf && h('a.wander', { href: this.exploreOf(addressAt(panel, this.#time)), 'aria-label': `Explore ${title}`, title: 'Explore' }, '↗');
      const files = h('details.bfiles', {}, h('summary', { 'aria-label': `Save ${title}`, title: 'Save as a file' }, '⤓'),
        h('div', {}, ...FILES.map(type => h('button.quiet', { type: 'button', 'aria-label': `Save ${title} as ${type.toUpperCase()}`, onclick: () => this.#save(type, cell, files) }, type.toUpperCase()))));
      cell.element.append(h('header', {}, heading, files, cell.link || ''), cell.tools, cell.place);
      this.seen.observe(cell.element);
    } else {
      if (title) cell.element.append(h('header', {}, heading));
      cell.element.append(cell.tools, h('div.btext', {}, ...textElements(panel.text)));
    }
    return cell;
  }

  async #see(element, isSeen) {
    const cell = this.#cells.find(cell => cell.element === element);
    if (!cell) return;
    cell.isSeen = isSeen;
    if (cell.plot) return cell.plot.see(isSeen);
    if (!isSeen || cell.isLoading) return;
    cell.isLoading = true;
    await loadStyle();
    if (cell.isGone) return;
    cell.place.replaceChildren();
    cell.plot = await showPlot(cell.place, cell.address, {
      source: this.sourceOf?.(cell.index), onRange: this.onRange && (({ range, from, to }) => this.onRange({ range, from, to })),
    });
    if (cell.isGone) cell.plot.remove();
    else cell.plot.see(cell.isSeen);
  }

  async #save(type, cell, files) {
    files.open = false;
    try {
      if (!cell.plot?.data) throw new Error('there is no plot yet');
      const { save } = await import('./explorefile.js');
      await save(type, { data: cell.plot.data, plot: { ...cell.plot.plot, title: titleOf(cell.panel) }, isShown: cell.plot.isShown });
    } catch (error) {
      notify(`It was not saved: ${error.message}`, true);
    }
  }
}

/** A choice of the time that all plots show. */
export function timeChoice(onChange) {
  const names = { '': 'As each plot says', '15m': '15 minutes', '1h': 'An hour', '3h': '3 hours', '1d': 'A day', '7d': 'A week', '30d': 'A month', '365d': 'A year' };
  const element = h('select', { 'aria-label': 'Time of all plots', onchange: () => onChange(element.value ? { range: element.value, from: null, to: null } : null) },
    ...Object.entries(names).map(([value, name]) => h('option', { value }, name)));
  const fixed = h('option', { value: 'fixed', hidden: true }, '');
  element.append(fixed);
  element.show = (time, words) => {
    fixed.hidden = !time || Boolean(time.range);
    put(fixed, words ?? '');
    element.value = !time ? '' : time.range ?? 'fixed';
  };
  return element;
}
