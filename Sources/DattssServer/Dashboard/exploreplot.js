// One plot by its address, in any element: for Explore and for boards. It loads, draws, follows the time and says what is wrong.

import { copy, h, put } from './dom.js';
import { exactOf, span, valueOf } from './format.js';
import { AddressError, RANGES, readPlot, widened, windowOf, withRange } from './exploreaddress.js';
import { loadPlot, LINES_MAX, ownSource } from './exploredata.js';
import { colourOf, colours, draw, momentWords, timeWords } from './exploredraw.js';
import { MarkLines } from './marks.js';
import { now } from './statistics.js';

const RETRY_MS = 5000;
/** A live plot is asked for again so often, if its step is longer than that. */
const PERIOD_SECONDS = 60;
const CLICK_PIXELS = 8;

let style = null;
/** What plots look like, once. */
export function loadStyle() {
  style ??= new Promise(resolve => {
    document.head.append(h('link', { rel: 'stylesheet', href: '/assets/explore.css', onload: resolve, onerror: resolve }));
  });
  return style;
}

/**
 * Shows the plot of an address (what stands behind `#explore?`) in an element, and keeps it up to date until `remove()` is called.
 * `onRange(plot)` is called with what to show when somebody zooms or moves; without it time is not changed. `onStretch({ from, to })` is
 * called with what is dragged over while `isChoosing` is set, and `onEnd('from' or 'to', seconds)` when one end is set by a key. `source` is
 * where the numbers come from, if it is not what the user may see.
 */
export async function showPlot(place, address, options = {}) {
  await loadStyle();
  return new ExplorePlot(place, address, options);
}

export class ExplorePlot {
  plot = null;
  data = null;
  /** What happened in the time that is shown, `{ marks, isCut }`. */
  happened = { marks: [], isCut: false };
  cursor = null;
  #hidden = new Set();
  #asked = 0;
  #timer = 0;
  #isSeen = true;
  #isDue = false;
  #drag = null;
  #frame = null;
  #width = 0;
  #height = 0;
  #stretch = null;
  /** Whether dragging chooses a stretch and does not zoom. */
  isChoosing = false;

  constructor(place, address, { onRange, onDrawn, onStretch, onEnd, source = ownSource } = {}) {
    Object.assign(this, { source, onStretch, onEnd });
    this.onRange = onRange;
    this.onDrawn = onDrawn;
    this.title = h('h3', { hidden: true });
    this.at = h('time');
    this.canvas = h('div.canvas', { 'aria-hidden': 'true' });
    this.hair = h('div.hair', { hidden: true });
    this.band = h('div.stretch', { hidden: true });
    this.message = h('p.message', {}, 'Loading …');
    this.chart = h('div.xchart', {
      tabindex: 0, role: 'slider', 'aria-label': 'Time cursor', 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
      onkeydown: event => this.#key(event), onpointermove: event => this.#move(event), onpointerdown: event => this.#down(event),
      onpointerup: event => this.#up(event), onpointercancel: () => this.#cancel(), onpointerleave: () => this.#drag || this.point(null), onblur: () => this.point(null),
      ondblclick: () => this.magnify(2),
    }, this.canvas, this.band, this.hair);
    this.legend = h('ul.xlegend');
    this.problem = h('p.xproblem', { role: 'status', hidden: true });
    this.note = h('p.xnote');
    this.element = h('div.xplot', {}, this.title, this.problem, h('p.xat', {}, this.at), h('div.xframe', {}, this.chart, this.message), this.legend, this.note);
    this.lines = new MarkLines({ behind: this.chart, name: 'these statistics', frame: () => this.#markFrame() });
    // For whoever looks from a console.
    this.element.explore = this;
    place.append(this.element);
    this.#watchSize = new ResizeObserver(() => this.#resize());
    this.#watchSize.observe(this.chart);
    this.#theme = matchMedia('(prefers-color-scheme: dark)');
    this.#theme.addEventListener('change', this.#redraw);
    document.addEventListener('visibilitychange', this.#wake);
    this.set(address);
  }

  #watchSize;
  #theme;
  #redraw = () => {
    if (!this.data) return;
    this.draw();
    this.#list();
  };
  #wake = () => { if (!document.hidden && this.isLive) this.#follow(); };

  /** What nobody sees is not asked for: it is when it is seen again. */
  see(isSeen) {
    this.#isSeen = isSeen;
    if (isSeen && this.#isDue) this.load();
  }

  #follow() {
    if (!this.element.isConnected || document.hidden) return;
    this.#isDue = !this.#isSeen;
    if (this.#isSeen) this.load();
  }

  get isLive() { return Boolean(this.plot?.range); }
  isShown = i => !this.#hidden.has(this.data?.lines[i]?.title);

  /** Shows another address; one that is wrong is said. */
  set(address) {
    if (address === this.address) return;
    this.address = address;
    clearTimeout(this.#timer);
    try {
      this.plot = readPlot(address);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.#asked++;
      [this.plot, this.data] = [null, null];
      this.#say(`This address is not understood. ${error.message}.`);
      this.#clear('');
      return;
    }
    this.title.hidden = !this.plot.title;
    put(this.title, this.plot.title);
    this.load();
  }

  remove() {
    this.#asked++;
    clearTimeout(this.#timer);
    this.#watchSize.disconnect();
    this.#theme.removeEventListener('change', this.#redraw);
    document.removeEventListener('visibilitychange', this.#wake);
    this.element.remove();
  }

  async load() {
    const asked = ++this.#asked;
    clearTimeout(this.#timer);
    this.#isDue = false;
    if (!this.plot) return;
    if (!this.plot.queries.length) {
      this.data = null;
      this.#say('');
      return this.#clear('Add a statistic, or a pattern such as shop.**');
    }
    this.element.setAttribute('aria-busy', 'true');
    try {
      const data = await loadPlot(this.plot, windowOf(this.plot, this.chart.clientWidth || 600, now()), this.source);
      if (asked !== this.#asked) return;
      this.data = data;
      this.#say('');
      this.cursor = null;
      // First, because what is drawn is also read out, line by line.
      this.#list();
      this.draw();
      this.#tell();
      this.onDrawn?.(this);
      this.#loadMarks(asked);
      if (this.isLive) this.#again(this.#untilNext());
    } catch (error) {
      if (asked !== this.#asked) return;
      // What was there stays when it is only the connection that is gone.
      const isPassing = !error.status || error.status >= 500 || error.status === 429;
      const words = error.message ?? String(error);
      this.#say(isPassing ? `Not up to date: ${words}. It is asked for again.` : `${words[0].toUpperCase()}${words.slice(1)}.`);
      if (!isPassing) this.data = null;
      if (!this.data) this.#clear('');
      if (isPassing) this.#again((error.retryAfter ?? 0) * 1000 || RETRY_MS);
    } finally {
      if (asked === this.#asked) this.element.removeAttribute('aria-busy');
    }
  }

  /** What happened; a plot without it is a plot. A link to a board tells nothing of it. */
  async #loadMarks(asked) {
    const { from, count, step } = this.data;
    const happened = await this.source.marks?.({ from, to: from + count * step * 60 }).catch(() => null);
    if (!happened || asked !== this.#asked) return;
    this.happened = happened;
    this.lines.set(happened.marks);
    this.#tell();
  }

  #markFrame() {
    if (!this.#frame || !this.data) return null;
    const { left, right, atTime } = this.#frame;
    return { left, right, width: this.#width, xOf: atTime, axis: { time: at => momentWords(at, this.data.step * this.data.count, this.plot.zone) } };
  }

  /** With the next step, or the next minute of one that is not over, when the server has it. */
  #untilNext() {
    const period = Math.min(PERIOD_SECONDS, this.data.step * 60);
    return (period - now() % period + 2) * 1000;
  }

  #again(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#follow(), milliseconds);
  }

  #say(words) {
    put(this.problem, words);
    this.problem.hidden = !words;
  }

  #clear(words) {
    this.#frame = null;
    this.canvas.replaceChildren();
    this.legend.replaceChildren();
    put(this.note, '');
    put(this.at, '');
    put(this.message, words);
    this.message.hidden = !words;
    this.hair.hidden = true;
    this.lines.draw();
    this.onDrawn?.(this);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.chart;
    if (!width || width === this.#width && height === this.#height) return;
    const isOther = this.#width && width !== this.#width && this.plot && this.data && windowOf(this.plot, width, now()).step !== this.data.step;
    [this.#width, this.#height] = [width, height];
    isOther ? this.load() : this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.chart;
    if (!this.data || !width) return;
    [this.#width, this.#height] = [width, height];
    this.#frame = draw(this.data, this.plot, colours(), { width, height, isShown: this.isShown });
    this.canvas.replaceChildren(this.#frame.element);
    const isEmpty = !this.data.lines.length;
    put(this.message, !isEmpty ? '' : this.plot.isRatio ? 'There are no two lines to compare in this range.' : 'Nothing matches in this range.');
    this.message.hidden = !isEmpty;
    this.chart.setAttribute('aria-valuemax', this.data.count - 1);
    this.point(this.cursor, true);
    this.lines.draw();
    this.mark(this.#stretch);
  }

  /** Shows which stretch is chosen, as far as it is seen; null for none. */
  mark(stretch) {
    this.#stretch = stretch;
    const [from, to] = this.#window;
    this.band.hidden = !stretch || !this.#frame || stretch.to <= from || stretch.from >= to;
    if (this.band.hidden) return;
    const { left, right } = this.#frame;
    const [a, b] = [Math.max(from, stretch.from), Math.min(to, stretch.to)].map(seconds => left + (seconds - from) / (to - from) * (right - left));
    this.band.style.transform = `translateX(${a}px)`;
    this.band.style.width = `${b - a}px`;
  }

  // MARK: In words

  #list() {
    const palette = colours();
    this.values = this.data.lines.map(() => h('b'));
    this.legend.replaceChildren(...this.data.lines.map((line, i) => {
      const swatch = h('i');
      swatch.style.background = this.plot.draw === 'heatmap' ? palette.ink : colourOf(palette, i);
      const button = h('button', {
        type: 'button', 'aria-pressed': this.isShown(i), title: `${line.title}: show or hide`, onclick: () => this.#toggle(line, button),
      }, swatch, h('span', {}, line.title), this.values[i]);
      return h('li', {}, button);
    }));
    this.#read();
  }

  #toggle(line, button) {
    this.#hidden.has(line.title) ? this.#hidden.delete(line.title) : this.#hidden.add(line.title);
    button.setAttribute('aria-pressed', !this.#hidden.has(line.title));
    this.draw();
  }

  #tell() {
    const { lines, leftOff, step, isApproximate, statistics } = this.data;
    put(this.note, [
      `A point is ${span(step * 60)}.`, statistics > 1 && `${statistics} statistics.`,
      leftOff > 0 && `The ${lines.length < LINES_MAX ? lines.length : LINES_MAX} highest lines of ${lines.length + leftOff}.`,
      this.happened.isCut && `Of what happened, the latest ${this.happened.marks.length}.`,
      isApproximate && 'Some percentiles are approximate: not all senders gave sketches.',
      this.plot.vs && `Dashed: ${{ day: 'the day before', week: 'the week before', usual: 'the mean of the seven days before, and around it from the lowest to the highest' }[this.plot.vs]}.`,
    ].filter(Boolean).join(' '));
  }

  /** The last step that has anything. */
  get last() {
    return Math.max(0, ...this.data?.lines.map(line => line.values.findLastIndex(value => value != null)) ?? []);
  }

  /** Moves the cursor to a step; null takes it away. */
  point(index, isForced = false) {
    if (index === this.cursor && !isForced) return;
    this.cursor = index == null || !this.data ? null : Math.min(this.data.count - 1, Math.max(0, index));
    this.hair.hidden = this.cursor == null || !this.#frame;
    if (!this.hair.hidden) this.hair.style.transform = `translateX(${this.#frame.xOf(this.cursor)}px)`;
    this.#read();
  }

  #read() {
    if (!this.data || !this.values) return;
    const index = this.cursor ?? this.last;
    const time = timeWords(this.data, index, this.plot.zone);
    put(this.at, time);
    const words = this.data.lines.map((line, i) => {
      const value = line.values[index];
      const before = line.before?.[index];
      const text = valueOf(line.unit, value) + (value == null ? '' : line.per) + (before == null ? '' : ` (before ${valueOf(line.unit, before)})`);
      put(this.values[i], text);
      this.values[i].title = exactOf(line.unit, value);
      return `${line.title} ${text}`;
    });
    this.chart.setAttribute('aria-valuenow', index);
    this.chart.setAttribute('aria-valuetext', `${time}: ${words.slice(0, 5).join('; ')}`);
  }

  // MARK: Time

  /** Shows another part of time. */
  range(from, to) {
    if (!this.onRange || !this.data) return;
    this.onRange(withRange(this.plot, from, to, now()));
  }

  get #window() { return this.data ? [this.data.from, this.data.from + this.data.count * this.data.step * 60] : [0, 0]; }

  /** Around the cursor, or the middle. A live range that gets longer or shorter stays live when it is one of those with a name. */
  magnify(factor) {
    if (!this.data || !this.onRange) return;
    const names = Object.keys(RANGES);
    const next = names[names.indexOf(this.plot.range) + (factor > 1 ? 1 : -1)];
    if (this.plot.range && factor > 1 && next) return this.onRange({ ...this.plot, range: next });
    const [from, to] = this.#window;
    const centre = this.cursor == null ? (from + to) / 2 : from + (this.cursor + .5) * this.data.step * 60;
    this.range(centre - (centre - from) * factor, centre + (to - centre) * factor);
  }

  move(part) {
    const [from, to] = this.#window;
    this.range(from + (to - from) * part, to + (to - from) * part);
  }

  #x(event) { return event.clientX - this.chart.getBoundingClientRect().left; }

  #move(event) {
    if (!this.#frame) return;
    const x = this.#x(event);
    if (this.#drag && !this.#drag.box) {
      this.#drag.to = x;
      return this.#shift(this.#drag);
    }
    this.point(this.#frame.indexAt(x));
    if (!this.#drag) return;
    const [a, b] = [this.#drag.x, Math.min(this.#frame.right, Math.max(this.#frame.left, x))].sort((a, b) => a - b);
    this.#drag.box.style.transform = `translateX(${a}px)`;
    this.#drag.box.style.width = `${b - a}px`;
  }

  // MARK: Moving by mouse

  /** Loads what lies on both sides of what is seen, so that it comes to be seen while somebody drags. */
  async #widen(drag) {
    const { data, plot } = this;
    const wide = await loadPlot(plot, widened(data, now()), this.source).catch(() => null);
    // Without it nothing is there yet: it comes when the pointer is let go.
    if (!wide || this.#drag !== drag || this.data !== data) return;
    const palette = colours();
    this.#frame = draw(wide, plot, palette, {
      width: this.#width, height: this.#height, isShown: i => !this.#hidden.has(wide.lines[i]?.title), view: { from: data.from, count: data.count },
    });
    this.canvas.replaceChildren(this.#frame.element);
    this.#shift(drag);
  }

  /** Moves what is drawn with the pointer, no further than to the present. */
  #shift(drag) {
    const { left, right, atTime } = this.#frame;
    drag.dx = Math.max(Math.min(0, right - Math.max(right, atTime(now()))), Math.min(right - left, drag.to - drag.x));
    this.#frame.moving.setAttribute('transform', `translate(${drag.dx} 0)`);
  }

  /** What was drawn stays where it was moved to until what belongs there is loaded. */
  #drop({ dx }) {
    const { left, right } = this.#frame;
    const asked = this.#asked;
    if (Math.abs(dx) >= CLICK_PIXELS) this.move(-dx / (right - left));
    if (asked === this.#asked) this.draw();
  }

  /** A mouse selects what to zoom into, or moves it with the shift key; a finger only reads, unless a stretch is to be chosen. */
  #down(event) {
    if (!this.#frame || event.button !== 0) return;
    const x = this.#x(event);
    this.point(this.#frame.indexAt(x));
    const isChoosing = this.isChoosing && Boolean(this.onStretch);
    if (event.pointerType !== 'mouse' && !isChoosing || !this.onRange) return;
    event.preventDefault();
    this.chart.focus({ preventScroll: true });
    const box = event.shiftKey ? null : h('div.box');
    if (box) this.chart.append(box);
    this.chart.setPointerCapture(event.pointerId);
    const from = Math.min(this.#frame.right, Math.max(this.#frame.left, x));
    this.#drag = { x: from, to: from, box, dx: 0 };
    if (box) return;
    this.point(null);
    this.lines.element.hidden = true;
    this.#widen(this.#drag);
  }

  #up(event) {
    if (!this.#drag) return;
    const drag = this.#drag;
    const { x, box } = drag;
    box?.remove();
    this.#drag = null;
    const to = this.#x(event);
    if (!this.#frame) return;
    if (!box) return this.#drop(drag);
    if (Math.abs(to - x) < CLICK_PIXELS) return;
    const { indexAt } = this.#frame;
    const isChoosing = this.isChoosing && Boolean(this.onStretch);
    const [first, last] = [indexAt(x), indexAt(to)].sort((a, b) => a - b);
    const length = this.data.step * 60;
    const [start, end] = [this.data.from + first * length, this.data.from + (last + 1) * length];
    isChoosing ? this.onStretch({ from: start, to: end }) : this.range(start, end);
  }

  /** The page is scrolled instead. */
  #cancel() {
    this.#drag?.box?.remove();
    this.#drag = null;
    this.draw();
  }

  #key(event) {
    // (On some keyboards brackets take a key that looks like two others.)
    if (!this.data || (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState('AltGraph')) return;
    const at = this.cursor ?? this.last;
    const endOf = index => this.data.from + index * this.data.step * 60;
    const far = Math.max(1, Math.round(this.data.count / 10));
    const actions = {
      ArrowLeft: () => event.shiftKey ? this.move(-.25) : this.point(at - 1), ArrowRight: () => event.shiftKey ? this.move(.25) : this.point(at + 1),
      PageDown: () => this.point(at - far), PageUp: () => this.point(at + far), Home: () => this.point(0), End: () => this.point(this.data.count - 1),
      '+': () => this.magnify(.5), '-': () => this.magnify(2), Escape: () => this.point(null),
      '[': () => this.onEnd?.('from', endOf(at)), ']': () => this.onEnd?.('to', endOf(at + 1)),
      c: () => {
        const value = this.data.lines.find((_, i) => this.isShown(i))?.values[at];
        if (value != null) copy(String(value), 'The value');
      },
    };
    if (!(event.key in actions)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  }
}
