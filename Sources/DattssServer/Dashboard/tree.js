// The list of statistics. Only the rows that can be seen are in the document, and each is used again for another.

import { $, copy, h, svg, put, badge, KINDS } from './dom.js';
import { counted, exactOf, moment, number, span, spread, valueOf } from './format.js';
import { found, putName } from './names.js';
import { PathTree } from './paths.js';
import { Sparklines, sparkPath, HEIGHT, WIDTH } from './sparklines.js';
import { extremes, now, shown, SILENT_SECONDS } from './statistics.js';
import { unitOf } from './units.js';

const ROW_PIXELS = 30;
/** What is found is shown with its whole path, on two lines. */
const FOUND_PIXELS = 44;
/** The width of a letter, about. */
const LETTER_PIXELS = 7.4;
const SPARE_ROWS = 6;

export class Tree {
  paths = new PathTree();
  #rows = [];
  #lines = [];
  #top = 0;
  #active = null;
  #query = '';
  #isStale = false;

  get #pixels() { return this.#query ? FOUND_PIXELS : ROW_PIXELS; }

  /** The page says what is plotted, what is a favourite, and is told what was chosen. */
  constructor(page) {
    this.page = page;
    this.scroller = $('#tree');
    this.floor = h('div.floor', { role: 'presentation' });
    this.scroller.append(this.floor);
    this.sparklines = new Sparklines(
      stat => this.#lines.some(line => line.row?.stat === stat),
      stat => this.#lines.find(line => line.row?.stat === stat)?.drawHour());
    this.scroller.addEventListener('scroll', () => this.#show());
    new ResizeObserver(() => this.#resize()).observe(this.scroller);
    this.scroller.addEventListener('keydown', event => this.#key(event));
    this.scroller.addEventListener('click', event => this.#click(event));
    this.scroller.addEventListener('pointerover', event => this.#lines.find(line => line.element.contains(event.target))?.tell(page));
    this.scroller.addEventListener('focus', () => { this.#active ?? this.#activate(this.#rows[0]); });
    const search = $('#search');
    search.addEventListener('input', () => this.search(search.value));
    search.addEventListener('keydown', event => {
      if (event.key === 'ArrowDown' || event.key === 'Enter') {
        event.preventDefault();
        this.#activate(this.#rows[0]);
        this.scroller.focus();
        if (event.key === 'Enter' && this.#rows[0]?.stat) this.page.toggle(this.#rows[0].stat);
      } else if (event.key === 'Escape') {
        search.value = '';
        this.search('');
        this.scroller.focus();
      }
    });
  }

  add(stats) {
    for (const stat of stats) this.paths.add(stat);
    this.#isStale ||= stats.length > 0;
  }

  /** Has other statistics, those of another moment; what was opened stays open. */
  replace(stats) {
    this.paths.clear();
    this.add([...stats]);
    this.rebuild();
  }

  search(query) {
    this.#query = query.trim();
    this.scroller.scrollTop = 0;
    this.#active = null;
    this.rebuild();
  }

  /** After statistics came, a group was opened, or another word is searched for. */
  rebuild() {
    this.#isStale = false;
    this.#rows = this.#query ? this.paths.search(this.#query) : this.paths.rows();
    if (this.#active) this.#active = this.#rows.find(row => row.key === this.#active.key) ?? null;
    this.floor.style.height = `${this.#rows.length * this.#pixels}px`;
    $('#statistics').classList.toggle('searched', Boolean(this.#query));
    this.#measure();
    put($('#found'), this.#query
      ? this.#rows.length ? `${number(this.#rows.length)} of ${number(this.paths.size)}` : 'nothing has all of these words'
      : counted(this.paths.size, 'statistic'));
    this.#show(true);
  }

  /** After values changed, or time passed. */
  refresh() {
    if (this.#isStale) return this.rebuild();
    const time = now();
    for (const line of this.#lines) line.refresh(time, this.page);
  }

  /** How many letters of a name there are place for on two lines, beside the badge. */
  #measure() {
    this.letters = Math.max(24, Math.floor(2 * ($('#found').clientWidth - 20) / LETTER_PIXELS) - 4);
  }

  #resize() {
    this.#measure();
    const count = Math.ceil(this.scroller.clientHeight / ROW_PIXELS) + 2 * SPARE_ROWS;
    while (this.#lines.length < count) {
      const line = new Line(this.#lines.length, this.sparklines);
      this.#lines.push(line);
      this.floor.append(line.element);
    }
    this.#show(true);
  }

  #show(isForced = false) {
    const count = this.#lines.length;
    if (!count) return;
    const top = Math.max(0, Math.floor(this.scroller.scrollTop / this.#pixels) - SPARE_ROWS);
    if (top === this.#top && !isForced) return;
    this.#top = top;
    const time = now();
    for (let index = top; index < top + count; index++) {
      const beside = [this.#rows[index - 1]?.label, this.#rows[index + 1]?.label];
      this.#lines[index % count].bind(this.#rows[index], index * this.#pixels, this.#active, time, this.page, this.letters, beside);
    }
  }

  // MARK: Moving about

  get active() { return this.#active; }

  #activate(row) {
    this.#active = row ?? null;
    if (!row) return this.scroller.removeAttribute('aria-activedescendant');
    const pixels = this.#pixels;
    const y = this.#rows.indexOf(row) * pixels;
    const { scrollTop, clientHeight } = this.scroller;
    if (y < scrollTop) this.scroller.scrollTop = y;
    else if (y + pixels > scrollTop + clientHeight) this.scroller.scrollTop = y + pixels - clientHeight;
    this.#show(true);
    const line = this.#lines.find(line => line.row === row);
    if (line) this.scroller.setAttribute('aria-activedescendant', line.element.id);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.#rows.indexOf(this.#active);
    const row = this.#active;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.#pixels) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      this.#activate(this.#rows[Math.min(Math.max(0, index + steps[event.key]), this.#rows.length - 1)]);
    } else if (event.key === 'ArrowRight' && row?.node) {
      row.isOpen ? this.#activate(this.#rows[index + 1]) : this.#open(row, true);
    } else if (event.key === 'ArrowLeft' && row) {
      if (row.isOpen) this.#open(row, false);
      else this.#activate(this.#rows.slice(0, index).findLast(above => above.level < row.level) ?? row);
    } else if (event.key === 'c' && row?.stat) {
      copy(String(shown(row.stat, now())), `The value of ${row.stat.path}`);
    } else if ((event.key === 'Enter' || event.key === ' ') && row) {
      row.node ? this.#open(row, !row.isOpen) : this.page.toggle(row.stat);
    } else {
      return;
    }
    event.preventDefault();
  }

  #open(row, isOpen) {
    this.paths.toggle(row.node, isOpen);
    this.rebuild();
  }

  #click(event) {
    const line = this.#lines.find(line => line.element.contains(event.target));
    if (!line?.row) return;
    if (event.target.closest('.star')) return this.page.favour(line.row.stat);
    this.#activate(line.row);
    if (line.row.node) this.#open(line.row, !line.row.isOpen);
    else this.page.toggle(line.row.stat);
  }
}

/** A row in the document. */
class Line {
  row = null;
  #hourShown = '';

  constructor(number, sparklines) {
    this.sparklines = sparklines;
    this.label = h('span.label');
    this.spark = svg('path');
    this.value = h('span.value');
    this.average = h('span.average');
    this.star = h('span.star', { 'aria-hidden': 'true', title: 'Favourite (f)' });
    this.mark = h('span.mark');
    this.element = h('div.row', { role: 'treeitem', id: `row${number}` }, this.mark, this.label,
      svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'spark', 'aria-hidden': 'true' }, this.spark),
      this.value, this.average, this.star);
  }

  bind(row, y, active, time, page, letters, beside) {
    const { element } = this;
    element.hidden = !row;
    if (!row) { this.row = null; return; }
    if (this.y !== y) element.style.transform = `translateY(${y}px)`;
    this.y = y;
    element.classList.toggle('active', row === active);
    if (this.row !== row || row.words && this.letters !== letters) {
      this.row = row;
      this.letters = letters;
      const { stat, node } = row;
      element.style.setProperty('--level', row.level - 1);
      element.classList.toggle('group', Boolean(node));
      element.setAttribute('aria-level', row.level);
      element.setAttribute('aria-posinset', row.place);
      element.setAttribute('aria-setsize', row.size);
      node ? element.setAttribute('aria-expanded', row.isOpen) : element.removeAttribute('aria-expanded');
      this.label.shown = null;
      if (row.words) this.label.replaceChildren(h('span.found', {}, ...found(row.label, row.words, letters)));
      else putName(this.label, row.label, beside);
      element.title = stat ? `${stat.path} (${KINDS[stat.kind]})` : node.path;
      stat ? this.mark.replaceChildren(badge(stat.kind)) : this.mark.replaceChildren();
      this.spark.setAttribute('class', stat ? stat.kind : '');
      if (node) {
        put(this.value, '');
        put(this.average, number(node.count));
        element.setAttribute('aria-label', `${node.path}, group of ${node.count}`);
        this.state = this.words = null;
        this.drawHour();
      }
    }
    this.refresh(time, page);
  }

  refresh(time, page) {
    const stat = this.row?.stat;
    if (!stat) return;
    const isSilent = time - stat.seen > SILENT_SECONDS;
    const unit = unitOf(stat);
    const range = extremes(stat, time);
    put(this.value, valueOf(unit, shown(stat, time)) + (stat.kind === 'c' ? '/min' : ''));
    put(this.average, isSilent ? since(stat.seen, time, page.zone)
      : stat.kind === 'c' ? stat.value == null ? '' : `Σ ${valueOf(unit, stat.value)}` : range ? spread(unit, ...range) : '–');
    const isPlotted = page.isPlotted(stat);
    const isFavourite = page.isFavourite(stat);
    const state = `${isSilent}${stat.emp}${isPlotted}${isFavourite}${this.row.key}`;
    if (this.state !== state) {
      this.state = state;
      const { classList } = this.element;
      classList.toggle('silent', isSilent);
      classList.toggle('emphasised', stat.emp);
      classList.toggle('plotted', isPlotted);
      classList.toggle('favourite', isFavourite);
      this.element.setAttribute('aria-selected', isPlotted);
    }
    const words = [stat.path, KINDS[stat.kind], this.value.shown.replace('/min', ' per minute'), isSilent ? `silent ${this.average.shown}`
      : stat.kind === 'c' ? stat.value != null && `total ${valueOf(unit, stat.value)}` : range && range[0] < range[1] && `from ${valueOf(unit, range[0])} to ${valueOf(unit, range[1])}`,
      stat.emp && 'emphasised', isFavourite && 'favourite'].filter(Boolean).join(', ');
    if (this.words !== words) this.element.setAttribute('aria-label', this.words = words);
    this.sparklines.want(stat);
    this.drawHour();
  }

  /** The exact numbers, where the pointer is. */
  tell(page) {
    const stat = this.row?.stat;
    if (!stat) return;
    this.value.title = exactOf(unitOf(stat), shown(stat, now())) + (stat.kind === 'c' ? ' per minute' : '');
    const range = extremes(stat, now());
    this.average.title = stat.kind === 'c' ? stat.value == null ? '' : total(stat, now(), page.zone)
      : range ? range.map(value => exactOf(unitOf(stat), value)).join(' to ') : '';
  }

  drawHour() {
    const stat = this.row?.stat;
    const shown = stat?.hour ? `${stat.id} ${stat.hour.last} ${stat.hour.version}` : '';
    if (shown === this.#hourShown) return;
    this.#hourShown = shown;
    this.spark.setAttribute('d', shown ? sparkPath(stat.kind, stat.hour.values) : '');
  }
}

/** A counter's exact total, and since when it counts. */
export const total = (stat, time, zone) =>
  `total ${exactOf(unitOf(stat), stat.value)}${stat.since ? ` since ${moment(stat.since, zone, time)}` : ''}`;

const since = (seen, time, zone) => time - seen < 86400 ? `since ${moment(seen, zone, time)}` : `since ${span(time - seen)}`;
