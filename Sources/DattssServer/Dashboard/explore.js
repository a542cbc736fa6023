// Explore: any statistics over any time in one plot, which is its address.

import { $, copy, h, KINDS, notify, put } from './dom.js';
import {
  AddressError, COMPARISONS, DRAWINGS, emptyPlot, fieldOf, FIGURES, FOLDS, instantOfField, newQuery, QUERIES_MAX, RANGES, readPlot, STEPS, withRange, writePlot,
} from './exploreaddress.js';
import { matcher } from './exploreglob.js';
import { MovedList } from './exploremoved.js';
import { loadStyle, showPlot } from './exploreplot.js';
import { CurrentTable } from './exploretable.js';
import { moment } from './format.js';
import { now } from './statistics.js';
import { setUnit, unitOf, UNITS } from './units.js';

const RANGE_NAMES = { '15m': '15 min', '1h': 'Hour', '3h': '3 h', '1d': 'Day', '7d': 'Week', '30d': 'Month', '365d': 'Year' };
const SUGGESTIONS_MAX = 50;
const TABLE_PERIOD_MS = 3000;
const words = minutes => minutes < 60 ? `${minutes} min` : minutes < 1440 ? `${minutes / 60} h` : minutes < 10080 ? `${minutes / 1440} d` : '1 week';

/** The parts of paths and the tags by which lines can be grouped, `{ value, label }`, as some paths have them. */
export function groupings(paths) {
  const parts = new Map();
  for (const path of paths.slice(0, 500)) {
    path.split('.').forEach((part, i) => {
      const [, key, value] = part.match(/^([A-Za-z_]\w*):(.+)$/) ?? [];
      const name = key ?? `n${i}`;
      if (!parts.has(name)) parts.set(name, new Set());
      parts.get(name).add(value ?? part);
    });
  }
  return [...parts].map(([value, found]) => {
    const some = [...found].slice(0, 3).join(', ');
    return { value, label: `by ${/^n\d+$/.test(value) ? `part ${Number(value.slice(1)) + 1}` : value}: ${some}${found.size > 3 ? ', …' : ''}` };
  });
}

export class Explore {
  plot = emptyPlot();

  static async open(page) {
    await loadStyle();
    const explore = new Explore(page);
    explore.shown = await showPlot(explore.place, writePlot(explore.plot), {
      onRange: plot => explore.change({ ...plot }), onDrawn: () => explore.#showState(),
      onStretch: stretch => explore.moved.choose(stretch), onEnd: (end, seconds) => explore.moved.chooseEnd(end, seconds),
    });
    return explore;
  }

  constructor(page) {
    this.page = page;
    this.root = $('#explore');
    this.place = h('div.xplace');
    this.queries = h('ul.xqueries');
    this.moved = new MovedList({
      onAdd: (kind, path, figure) => this.add(kind, path, figure), has: stat => this.has(stat), shown: () => this.shown,
    });
    this.table = new CurrentTable(page.statistics);
    this.back = h('a', { href: '#' }, '‹ Plots of a day');
    this.#controls();
    this.root.replaceChildren(
      h('header.xtop', {}, h('h1', { tabindex: -1 }, 'Explore'), this.when = h('p.xwhen'), this.back),
      this.time, this.queries, this.adding, this.drawing, h('section.xbox', { 'aria-label': 'The plot' }, this.place, this.moved.element, this.table.element));
    setInterval(() => page.exploring.isOpen && !document.hidden && this.table.show(), TABLE_PERIOD_MS);
  }

  leave() { this.shown?.set(writePlot(emptyPlot())); }

  /** Shows what an address says. */
  route(address) {
    this.back.href = this.page.view.address();
    try {
      this.plot = readPlot(address);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      // The plot says what is wrong; the controls begin anew.
      this.plot = emptyPlot();
      this.#show();
      return this.shown.set(address);
    }
    this.#show();
    this.shown.set(writePlot(this.plot));
  }

  has(stat) { return this.plot.queries.some(({ kind, pattern }) => kind === stat.kind && pattern === stat.path); }

  toggle(stat) {
    if (this.has(stat)) this.change({ queries: this.plot.queries.filter(({ kind, pattern }) => kind !== stat.kind || pattern !== stat.path) });
    else this.add(stat.kind, stat.path);
  }

  add(kind, pattern, figure) {
    if (this.plot.queries.length >= QUERIES_MAX) return notify(`A plot has room for ${QUERIES_MAX}.`, true);
    const query = newQuery(kind, pattern);
    this.change({ queries: [...this.plot.queries, { ...query, figure: FIGURES[kind].includes(figure) ? figure : query.figure }] });
  }

  /** Another plot, which is another address: the browser's button leads back. What cannot be is said, and nothing changes. */
  change(members) {
    const plot = { ...this.plot, ...members };
    if (plot.isRatio && plot.queries.length !== 2) plot.isRatio = false;
    if (plot.draw === 'heatmap' && (plot.queries.length !== 1 || plot.queries[0].kind !== 'ms')) plot.draw = 'lines';
    const address = writePlot(plot);
    try {
      readPlot(address);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      notify(`${error.message}.`, true);
      return this.#show();
    }
    const before = location.href;
    const after = `${location.pathname}${location.search}#explore?${address}`;
    if (before.endsWith(after)) return;
    history.pushState(null, '', after);
    this.route(address);
    this.page.tree.refresh();
  }

  #changeQuery(index, members) {
    this.change({ queries: this.plot.queries.map((query, i) => i === index ? { ...query, ...members } : query) });
  }

  // MARK: The controls

  #controls() {
    const button = (text, label, onclick, attributes = {}) => h('button', { type: 'button', 'aria-label': label, title: label, onclick, ...attributes }, text);
    this.ranges = Object.entries(RANGE_NAMES).map(([range, name]) =>
      button(name, `The last ${words(RANGES[range])}, live`, () => this.change({ range, from: null, to: null }), { 'data-range': range }));
    const time = (name, label) => h('input', { type: 'datetime-local', id: `x-${name}`, 'aria-label': label, onchange: () => this.#fix() });
    [this.from, this.to] = [time('from', 'From'), time('to', 'To')];
    this.zone = h('select', { id: 'x-zone', 'aria-label': 'Time zone', onchange: () => this.change({ zone: this.zone.value }) });
    this.time = h('div.xbar', {},
      h('div.group', { role: 'group', 'aria-label': 'Range' }, ...this.ranges),
      h('div.group', {}, this.from, h('span', { 'aria-hidden': 'true' }, '–'), this.to),
      h('div.group', {}, button('‹', 'Earlier', () => this.shown.move(-.5), { class: 'icon' }), button('›', 'Later', () => this.shown.move(.5), { class: 'icon' }),
        button('−', 'Zoom out (-)', () => this.shown.magnify(2), { class: 'icon' }), button('+', 'Zoom in (+)', () => this.shown.magnify(.5), { class: 'icon' })),
      this.zone);
    const list = h('datalist', { id: 'x-paths' });
    this.kind = h('select', { id: 'x-kind', 'aria-label': 'Kind of what is added' }, ...Object.entries(KINDS).map(([kind, name]) => h('option', { value: kind }, `${name}s`)));
    this.pattern = h('input', {
      id: 'x-pattern', list: 'x-paths', 'aria-label': 'Statistic or pattern to add', placeholder: 'Statistic, or pattern: shop.*, **.time, {a,b}', autocomplete: 'off', spellcheck: 'false',
      maxlength: 255, oninput: () => this.#suggest(list),
    });
    this.adding = h('form.xbar.xadd', {
      onsubmit: event => {
        event.preventDefault();
        const text = this.pattern.value.trim();
        if (!text) return this.pattern.focus();
        this.add(this.kind.value, text);
        this.pattern.value = '';
        this.#suggest(list);
      },
    }, this.kind, this.pattern, list, h('button', {}, 'Add'));
    const choice = (name, label, options, change) => h('select', { id: `x-${name}`, 'aria-label': label, onchange: event => change(event.target.value) },
      ...options.map(([value, text]) => h('option', { value }, text)));
    this.draw = choice('draw', 'How it is drawn', Object.entries(DRAWINGS), draw => this.change({ draw }));
    this.vs = choice('vs', 'Compared with', [['', 'Compare with …'], ...Object.entries(COMPARISONS)], vs => this.change({ vs: vs || null }));
    this.step = choice('step', 'Step', [['', 'Step by width'], ...STEPS.map(step => [step, words(step)])], step => this.change({ step: Number(step) || null }));
    this.ratio = button('Ratio', 'The first in percent of the second', () => this.change({ isRatio: !this.plot.isRatio }), { 'aria-pressed': false });
    this.files = ['png', 'svg', 'csv'].map(type => button(type.toUpperCase(), `Save as ${type.toUpperCase()}`, () => this.#save(type)));
    this.drawing = h('div.xbar', {}, h('div.group', {}, this.draw, this.vs, this.ratio, this.step),
      h('div.group.xfiles', {}, this.toBoard = !this.page.isReadOnly && button('Add to board', 'Add this plot to a board', () => this.#addToBoard()),
        button('Link', 'Copy a link to exactly this plot', () => this.#link()), ...this.files));
  }

  #suggest(list) {
    const typed = this.pattern.value.toLowerCase();
    const kind = this.kind.value;
    const found = [];
    if (typed) {
      for (const stat of this.page.statistics.all.values()) {
        if (stat.kind === kind && stat.folded.includes(typed) && found.push(stat.path) === SUGGESTIONS_MAX) break;
      }
    }
    list.replaceChildren(...found.sort().map(path => h('option', { value: path })));
  }

  /** From and to by hand, as clocks of the zone show them. */
  #fix() {
    const [from, to] = [this.from, this.to].map(({ value }) => instantOfField(value, this.plot.zone));
    if (Number.isNaN(from) || Number.isNaN(to)) return;
    if (from >= to) return notify('The range ends before it begins.', true);
    this.change(withRange(this.plot, from, to, now()));
  }

  #link() {
    // What is live now is something else tomorrow: the link says so by its range.
    copy(`${location.origin}${location.pathname}${location.search}#explore?${writePlot(this.plot)}`, 'Link to this plot');
  }

  async #addToBoard() {
    const { addToBoard } = await import('./boardadd.js').catch(() => ({}));
    addToBoard ? addToBoard(writePlot(this.plot)) : notify('It could not be loaded.', true);
  }

  async #save(type) {
    try {
      const { save } = await import('./explorefile.js');
      await save(type, this.shown);
    } catch (error) {
      notify(`It was not saved: ${error.message}`, true);
    }
  }

  #show() {
    const { plot } = this;
    const focused = document.activeElement?.id;
    for (const range of this.ranges) range.setAttribute('aria-pressed', range.dataset.range === plot.range);
    const zones = new Set([...this.zone.options].map(({ value }) => value));
    for (const zone of [plot.zone, emptyPlot().zone, 'UTC']) if (!zones.has(zone)) { zones.add(zone); this.zone.append(h('option', { value: zone }, zone)); }
    this.zone.value = plot.zone;
    this.draw.value = plot.draw;
    this.vs.value = plot.vs ?? '';
    if (this.toBoard) this.toBoard.disabled = !plot.queries.length;
    this.step.value = plot.step ?? '';
    this.ratio.setAttribute('aria-pressed', plot.isRatio);
    this.ratio.disabled = plot.queries.length !== 2;
    this.vs.disabled = plot.isRatio || plot.draw !== 'lines';
    this.draw.querySelector('[value=heatmap]').disabled = plot.queries.length !== 1 || plot.queries[0].kind !== 'ms';
    this.queries.replaceChildren(...plot.queries.map((query, i) => this.#row(query, i)));
    this.table.set(plot.queries);
    // What is made anew under the hands of somebody keeps the focus.
    if (focused?.startsWith('x-') && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  }

  #showState() {
    const { data } = this.shown ?? {};
    for (const file of this.files) file.disabled = !data?.lines.length;
    const { plot } = this;
    this.moved.set(plot, data);
    const [from, to] = data ? [data.from, data.from + data.count * data.step * 60] : [plot.from, plot.to];
    put(this.when, from == null ? '' : `${plot.range ? 'Live: ' : ''}${moment(from, plot.zone, now())} – ${plot.range ? 'now' : moment(to, plot.zone, now())}`);
    if (from == null) return;
    if (document.activeElement !== this.from) this.from.value = fieldOf(from, plot.zone);
    if (document.activeElement !== this.to) this.to.value = fieldOf(to, plot.zone);
  }

  /** What a statistic is measured in is so wherever it is shown. */
  #setUnit({ kind, pattern }, unit) {
    setUnit({ id: `${kind}:${pattern}`, kind, path: pattern }, unit, this.page.isReadOnly).then(() => this.#show());
    this.shown.load();
    this.page.plots.refresh();
  }

  #row(query, i) {
    const { kind, pattern, figure, fold, by, top, right } = query;
    const what = `${KINDS[kind]} ${pattern}`;
    const select = (name, label, options, value, change) => {
      const element = h('select', { id: `x-${i}-${name}`, 'aria-label': `${label} of ${what}`, onchange: () => change(element.value) },
        ...options.map(([option, text]) => h('option', { value: option }, text)));
      element.value = value;
      return element;
    };
    const matches = matcher(pattern);
    const paths = [...this.page.statistics.all.values()].filter(stat => stat.kind === kind && matches(stat.path)).map(({ path }) => path);
    const isPattern = /[*?{[]/.test(pattern);
    const groups = groupings(paths);
    if (by && !groups.some(({ value }) => value === by)) groups.push({ value: by, label: `by ${by}` });
    const edit = h('input', {
      id: `x-${i}-pattern`, value: pattern, 'aria-label': `Pattern of ${what}`, spellcheck: 'false', maxlength: 255,
      onchange: () => edit.value.trim() && this.#changeQuery(i, { pattern: edit.value.trim() }),
    });
    const most = h('input', {
      id: `x-${i}-top`, type: 'number', min: 1, max: 100, value: top ?? '', placeholder: 'top', 'aria-label': `How many of the highest of ${what}`,
      onchange: () => this.#changeQuery(i, { top: Number(most.value) || null }),
    });
    return h('li', {}, h('abbr', { class: `kind ${kind}`, title: KINDS[kind] }, kind), edit,
      select('figure', 'Figure', FIGURES[kind].map(name => [name, name]), figure, value => this.#changeQuery(i, { figure: value })),
      !isPattern && select('unit', 'Unit', Object.entries(UNITS), unitOf({ id: `${kind}:${pattern}`, kind, path: pattern }), unit => this.#setUnit(query, unit)),
      isPattern && select('fold', 'Fold', Object.entries(FOLDS), fold, value => this.#changeQuery(i, { fold: value, by: value === 'none' ? null : by })),
      isPattern && fold !== 'none' && select('by', 'Groups', [['', 'all as one'], ...groups.map(({ value, label }) => [value, label])], by ?? '', value => this.#changeQuery(i, { by: value || null })),
      isPattern && most,
      this.plot.queries.length > 1 && h('button.quiet', {
        type: 'button', id: `x-${i}-right`, 'aria-pressed': right, 'aria-label': `${what} on the right axis`, onclick: () => this.#changeQuery(i, { right: !right }),
      }, 'Right axis'),
      h('button.icon', {
        type: 'button', 'aria-label': `Remove ${what}`, title: 'Remove', onclick: () => this.change({ queries: this.plot.queries.filter((_, k) => k !== i) }),
      }, '×'));
  }
}
