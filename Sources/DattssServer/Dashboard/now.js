// The favourites in big numbers, how far each is from usual, and the verdict over all of them.

import { $, h, svg, put, badge, notify } from './dom.js';
import { exactOf, measured, moment, spread, valueOf } from './format.js';
import { UsualNow } from './days.js';
import { sparkPath, Sparklines, HEIGHT, WIDTH } from './sparklines.js';
import { putName } from './names.js';
import { average, extremes, isPast, now, parse, shown } from './statistics.js';
import { unitOf } from './units.js';
import { standing, verdict } from './usual.js';

export class Now {
  #cards = new Map();
  #usual = new UsualNow();
  #verdict = '';

  constructor(page) {
    this.page = page;
    this.list = $('#cards');
    this.sparklines = new Sparklines(() => true, () => {});
    this.list.addEventListener('keydown', event => this.#key(event));
  }

  /** Makes the cards those of the favourites, or of what is suggested. */
  show(ids, isSuggested) {
    const time = now();
    for (const [id, card] of this.#cards) {
      if (ids.includes(id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    ids.forEach((id, i) => {
      let card = this.#cards.get(id);
      if (!card) {
        card = new Card(this.page.statistics.all.get(id) ?? parse(id), this);
        this.#cards.set(id, card);
      }
      card.setMovable(!isSuggested && !this.page.favourites.isReadOnly && ids.length > 1);
      card.star.hidden = !isSuggested || this.page.isReadOnly;
      if (this.list.children[i] !== card.element) this.list.insertBefore(card.element, this.list.children[i] ?? null);
    });
    const isToChoose = isSuggested && ids.length && !this.page.isReadOnly;
    put($('#strip-note'), isToChoose ? 'Suggested. Press a star to keep what matters to you.' : '');
    this.refresh(time);
  }

  /** At another moment they are what they were then. */
  reset() {
    for (const card of this.#cards.values()) {
      card.stat = this.page.statistics.all.get(card.stat.id) ?? parse(card.stat.id);
      card.isUnusual = false;
    }
    put($('#strip-title'), isPast() ? 'Then' : 'Now');
  }

  refresh(time = now()) {
    const found = [...this.#cards.values()].map(card => {
      card.stat = this.page.statistics.all.get(card.stat.id) ?? card.stat;
      if (card.stat.seen) this.sparklines.want(card.stat);
      return { name: card.name, standing: card.refresh(time, this.#usual, this.page) };
    });
    const { text, isUnusual } = verdict(found);
    if (text === this.#verdict) return;
    this.#verdict = text;
    const element = $('#verdict');
    element.textContent = element.title = text;
    element.className = isUnusual ? 'unusual' : '';
  }

  // MARK: The order

  place(card) { return [...this.list.children].indexOf(card.element); }

  #key(event) {
    const card = [...this.#cards.values()].find(card => card.element.contains(event.target));
    if (!card || !event.altKey || !card.isMovable) return;
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const place = Math.min(Math.max(0, this.place(card) + by), this.list.children.length - 1);
    this.page.favourites.move(card.stat.id, place);
    card.button.focus();
    notify(`${card.name} is number ${place + 1} of ${this.list.children.length}`);
  }

  /** Drags a card by its grip; the others make way. */
  drag(card, event) {
    if (event.button !== 0) return;
    event.preventDefault();
    card.element.classList.add('dragged');
    const move = ({ clientX, clientY }) => {
      const over = document.elementsFromPoint(clientX, clientY).map(element => element.closest('.card'))
        .find(other => other && other !== card.element && other.parentNode === this.list);
      if (!over) return;
      const box = over.getBoundingClientRect();
      // Past its middle, so that two cards of different width do not change places for ever.
      const isBefore = card.element.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_PRECEDING;
      if (isBefore && clientX < box.left + box.width / 2) over.before(card.element);
      else if (!isBefore && clientX > box.left + box.width / 2) over.after(card.element);
    };
    const ends = ['pointerup', 'pointercancel'];
    const end = () => {
      document.removeEventListener('pointermove', move);
      for (const name of ends) document.removeEventListener(name, end);
      card.element.classList.remove('dragged');
      this.page.favourites.move(card.stat.id, this.place(card));
    };
    // On the document: a card that changes its place in it would lose the pointer.
    document.addEventListener('pointermove', move);
    for (const name of ends) document.addEventListener(name, end);
  }
}

class Card {
  #hourShown = '';

  constructor(stat, strip) {
    this.stat = stat;
    // The last two parts tell most.
    this.name = stat.path.split('.').slice(-2).join('.');
    this.big = h('strong');
    this.unit = h('span.unit');
    this.more = h('span.more');
    this.chip = h('span.chip');
    this.spark = svg('path', { class: stat.kind });
    const dot = stat.path.lastIndexOf('.') + 1;
    const [above, name] = [h('small'), h('b.name')];
    putName(above, stat.path.slice(0, dot));
    putName(name, stat.path.slice(dot));
    this.title = h('span.path', { title: stat.path }, above, ' ', name);
    this.button = h('button.open', { type: 'button', onclick: () => strip.page.toggle(stat) },
      h('span.head', {}, badge(stat.kind), this.title),
      h('span.big', {}, this.big, ' ', this.unit), this.chip, this.more,
      svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'spark', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.spark));
    this.grip = h('span.grip', { 'aria-hidden': 'true', title: 'Drag to another place (Alt + arrow keys)' });
    this.grip.addEventListener('pointerdown', event => strip.drag(this, event));
    this.star = h('button.icon.star', {
      type: 'button', 'aria-label': `Keep ${stat.path} as a favourite`, title: 'Keep it (f)', hidden: true, onclick: () => strip.page.favour(stat),
    });
    this.element = h('li.card', {}, this.button, this.grip, this.star);
  }

  setMovable(isMovable) {
    this.isMovable = isMovable;
    this.grip.hidden = !isMovable;
    if (isMovable) this.button.setAttribute('aria-keyshortcuts', 'Alt+ArrowLeft Alt+ArrowRight');
    else this.button.removeAttribute('aria-keyshortcuts');
  }

  /** Shows what is known now; answers how that stands to the usual. */
  refresh(time, usual, page) {
    const { stat } = this;
    const { kind } = stat;
    const unit = unitOf(stat);
    const found = standing(stat, usual.at(stat, page.zone, () => page.later()), time, unit, this.isUnusual);
    this.isUnusual = found.isUnusual;
    const [big, sign] = measured(unit, shown(stat, time));
    put(this.big, big);
    this.big.title = exactOf(unit, shown(stat, time));
    put(this.unit, kind === 'c' ? `${sign} per min`.trim() : sign);
    put(this.more, found.isSilent ? stat.seen ? `silent since ${moment(stat.seen, page.zone, time)}` : isPast() ? 'not seen in the day before' : 'never seen since the start'
      : kind === 'c' ? stat.value == null ? 'totals are kept of now alone' : `total ${valueOf(unit, stat.value)}`
      : kind === 'g' ? `1-min average ${valueOf(unit, average(stat, time) ?? stat.value)}`
      : stat.p95 != null ? `p95 ${valueOf(unit, stat.p95)}, p99 ${valueOf(unit, stat.p99)}`
      // Old clients tell no percentiles.
      : extremes(stat, time) ? `min–max ${spread(unit, ...extremes(stat, time))}` : 'nothing in the last minute');
    put(this.chip, found.words);
    const look = [
      found.isUnusual ? found.isAbove ? 'unusual above' : 'unusual below' : found.isCompared && found.isClose && 'usual',
      found.isSilent && 'silent', stat.emp && 'emphasised',
    ].filter(Boolean).join(' ');
    if (this.look !== look) {
      this.look = look;
      this.element.className = `card ${look}`;
    }
    this.button.setAttribute('aria-pressed', page.isPlotted(stat));
    const hour = stat.hour ? `${stat.hour.last} ${stat.hour.version}` : '';
    if (hour !== this.#hourShown) {
      this.#hourShown = hour;
      this.spark.setAttribute('d', hour && sparkPath(kind, stat.hour.values));
    }
    return found;
  }
}
