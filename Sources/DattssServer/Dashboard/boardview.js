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

const CONTROLS = 'input, button, textarea';
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

  /** Shows a board over a time. What stays the same keeps what it shows. `tools(cell)` makes what its panel is edited by. */
  show(board, time, tools) {
    this.#time = time;
    const before = [...this.#cells];
    const focus = this.#focus();
    this.#cells = board.panels.map((panel, index) => {
      const key = [panel.type, panel.address ?? panel.text, this.sourceOf ? `${index} ${board.version}` : ''].join(' ');
      // One that has not moved first, so that of two that are the same none changes places.
      let known = before.findIndex(cell => cell.key === key && cell.index === index);
      if (known < 0) known = before.findIndex(cell => cell.key === key);
      const cell = known < 0 ? this.#make(panel, key) : before.splice(known, 1)[0];
      cell.index = index;
      this.#dress(cell, panel, tools, board.panels.length);
      return cell;
    });
    for (const cell of before) this.#remove(cell);
    const elements = this.#cells.map(({ element }) => element);
    if (elements.some((element, i) => element !== this.element.children[i])) this.element.replaceChildren(...elements);
    this.#refocus(focus);
  }

  /** What may change while a panel shows the same. */
  #dress(cell, panel, tools, count) {
    cell.panel = panel;
    const title = titleOf(panel);
    cell.element.className = `bpanel of-${panel.type} ${panel.width}${tools ? ' edited' : ''}`;
    cell.element.setAttribute('aria-label', title || 'Text');
    put(cell.heading, title);
    cell.heading.title = title;
    const worn = tools ? JSON.stringify([panel, cell.index, count]) : '';
    if (worn !== cell.worn && !(tools && this.#isTyping(cell))) {
      cell.tools.replaceChildren(...tools ? tools(cell) : []);
      cell.worn = worn;
    }
    if (panel.type === 'text') {
      cell.head.hidden = !title || Boolean(tools);
      cell.text.hidden = Boolean(tools);
      return;
    }
    const address = this.#addressOf(panel);
    if (address !== cell.address) cell.plot?.set(address);
    cell.address = address;
    if (cell.link) cell.link.href = this.exploreOf(addressAt(panel, this.#time));
  }

  /** What somebody has begun to write is not taken away. */
  #isTyping({ tools }) {
    const { activeElement } = document;
    return tools.contains(activeElement) && activeElement.matches('input, textarea') && activeElement.value !== activeElement.defaultValue;
  }

  #focus() {
    const { activeElement } = document;
    const cell = this.#cells.find(({ tools }) => tools.contains(activeElement));
    return cell && { cell, activeElement, place: [...cell.tools.querySelectorAll(CONTROLS)].indexOf(activeElement) };
  }

  /** Tools that were made anew, or moved, keep the focus. */
  #refocus(focus) {
    if (!focus || document.activeElement === focus.activeElement) return;
    const cell = this.#cells.includes(focus.cell) ? focus.cell : this.#cells[focus.cell.index];
    const controls = [...cell?.tools.querySelectorAll(CONTROLS) ?? []];
    const control = controls[focus.place]?.disabled ? controls.find(({ disabled, tagName }) => !disabled && tagName === 'BUTTON') : controls[focus.place];
    control?.focus({ preventScroll: true });
    cell?.element.scrollIntoView({ block: 'nearest' });
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
    const cell = { key, plot: null, worn: '', tools: h('div.btools'), heading: h('h2'), element: h('section') };
    cell.head = h('header', {}, cell.heading);
    cell.element.append(cell.head, cell.tools);
    if (panel.type === 'text') {
      cell.text = h('div.btext', {}, ...textElements(panel.text));
      cell.element.append(cell.text);
      return cell;
    }
    cell.place = h('div.bplace');
    const files = h('details.bfiles', {}, h('summary', { 'aria-label': 'Save as a file', title: 'Save as a file' }, '⤓'),
      h('div', {}, ...FILES.map(type => h('button.quiet', { type: 'button', onclick: () => this.#save(type, cell, files) }, type.toUpperCase()))));
    cell.link = this.exploreOf && h('a.wander', { 'aria-label': 'Explore', title: 'Explore' }, '↗');
    cell.head.append(files, cell.link || '');
    cell.element.append(cell.place);
    this.seen.observe(cell.element);
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
      await save(type, { data: cell.plot.data, plot: { ...cell.plot.plot, title: titleOf(cell.panel) }, isShown: cell.plot.isShown, happened: cell.plot.happened });
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
