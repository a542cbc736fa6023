// The favourites in big numbers, how far each is from usual, and the verdict over all of them.

import { $, h, svg, put, badge, notify } from './dom.js';
import { change, moment, number, valueOf } from './format.js';
import { UsualNow } from './days.js';
import { sparkPath, Sparklines, HEIGHT, WIDTH } from './sparklines.js';
import { average, current, now, parse, SILENT_SECONDS } from './statistics.js';

/** Closer than this is as usual; farther than that is worth a look. */
const AS_USUAL = .05;
const UNUSUAL = .3;

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
      if (this.list.children[i] !== card.element) this.list.insertBefore(card.element, this.list.children[i] ?? null);
    });
    const isToChoose = isSuggested && ids.length && !this.page.isReadOnly;
    put($('#strip-note'), isToChoose ? 'Suggested. Press the star, or f, to keep what matters to you.' : '');
    this.refresh(time);
  }

  refresh(time = now()) {
    const unusual = [];
    let compared = 0;
    for (const card of this.#cards.values()) {
      card.stat = this.page.statistics.all.get(card.stat.id) ?? card.stat;
      if (card.stat.seen) this.sparklines.want(card.stat);
      const ratio = card.refresh(time, this.#usual, this.page);
      if (ratio == null && !card.isUnusual) continue;
      compared++;
      if (card.isUnusual) unusual.push([Math.abs(Math.log(ratio || .01)), `${card.name} ${ratio == null ? 'is silent' : change(ratio)}`]);
    }
    unusual.sort((a, b) => b[0] - a[0]);
    const text = !compared ? '' : !unusual.length ? 'All as usual.' : unusual.slice(0, 3).map(([, words]) => words).join(', ')
      + (unusual.length > 3 ? ` and ${unusual.length - 3} more` : '');
    if (text === this.#verdict) return;
    this.#verdict = text;
    const verdict = $('#verdict');
    verdict.textContent = text && unusual.length ? `Unusual: ${text}` : text;
    verdict.className = unusual.length ? 'unusual' : '';
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

/** Whether a counter is no farther from the mean, in this minute and the last five, than chance takes it now and then. */
function isChance(stat, count, mean) {
  const isNear = (count, mean) => Math.abs(count - mean) < 3 * Math.sqrt(Math.max(1, mean));
  const five = stat.hour?.values.slice(-6, -1).reduce((sum, value) => sum + value, 0);
  return isNear(count, mean) && (five == null || isNear(five, 5 * mean));
}

/**
 * Whether silence says something. That of what is rare does not, until seven should have come: then there is none by chance
 * once in a thousand times (e^-7).
 */
function isMissed(stat, mean, time) {
  return stat.kind === 'c' ? mean * (time - stat.seen) / 60 > 7 : mean > 0;
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
    this.title = h('span.path', { title: stat.path }, h('small', {}, stat.path.slice(0, dot)), ' ', h('b.name', {}, stat.path.slice(dot)));
    this.button = h('button.open', { type: 'button', onclick: () => strip.page.toggle(stat) },
      h('span.head', {}, badge(stat.kind), this.title),
      h('span.big', {}, this.big, ' ', this.unit), this.chip, this.more,
      svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'spark', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, this.spark));
    this.grip = h('span.grip', { 'aria-hidden': 'true', title: 'Drag to another place (Alt + arrow keys)' });
    this.grip.addEventListener('pointerdown', event => strip.drag(this, event));
    this.element = h('li.card', {}, this.button, this.grip);
  }

  setMovable(isMovable) {
    this.isMovable = isMovable;
    this.grip.hidden = !isMovable;
    if (isMovable) this.button.setAttribute('aria-keyshortcuts', 'Alt+ArrowLeft Alt+ArrowRight');
    else this.button.removeAttribute('aria-keyshortcuts');
  }

  /** Shows what is known now; answers how far it is from usual, as a ratio. */
  refresh(time, usual, page) {
    const { stat } = this;
    const { kind } = stat;
    const isSilent = time - stat.seen > SILENT_SECONDS;
    const shown = current(stat, time);
    const [big, unit] = kind === 'ms' ? valueOf('ms', shown ?? stat.value).split(/ (?=\D+$)/)
      : [number(shown), kind === 'c' ? 'per min' : ''];
    put(this.big, big);
    put(this.unit, unit ?? '');
    put(this.more, isSilent ? stat.seen ? `silent since ${moment(stat.seen, page.zone, time)}` : 'never seen since the start'
      : kind === 'c' ? `total ${number(stat.value)}`
      : kind === 'g' ? `1-min average ${number(average(stat, time))}`
      : `p95 ${valueOf('ms', stat.p95)}, p99 ${valueOf('ms', stat.p99)}`);
    const normal = usual.at(stat, page.zone, () => page.later());
    const ratio = !isSilent && normal > 0 && shown != null ? shown / normal : null;
    const distance = ratio == null ? 0 : Math.abs(ratio - 1);
    this.isUnusual = isSilent ? stat.seen > 0 && isMissed(stat, normal, time)
      : distance >= UNUSUAL && !(kind === 'c' && isChance(stat, shown, normal));
    put(this.chip, normal === undefined ? '' : ratio == null ? normal > 0 ? `usually ${valueOf(kind, normal)}` : 'no usual yet'
      : distance < AS_USUAL ? 'as usual' : `${change(ratio)} vs usual`);
    const look = [
      this.isUnusual ? ratio > 1 ? 'unusual above' : 'unusual below' : ratio != null && distance < UNUSUAL && 'usual',
      isSilent && 'silent', stat.emp && 'emphasised',
    ].filter(Boolean).join(' ');
    if (this.look !== look) {
      this.look = look;
      this.element.className = `card ${look}`;
    }
    this.button.setAttribute('aria-pressed', page.isPlotted(stat));
    const hour = stat.hour ? `${stat.hour.last} ${stat.hour.version}` : '';
    if (hour !== this.#hourShown) {
      this.#hourShown = hour;
      this.spark.setAttribute('d', sparkPath(kind, stat.hour.values));
    }
    return ratio;
  }
}
