// What a rule would have done in the last days: in a sentence, and as a plot whose threshold can be dragged.

import { ask } from './api.js';
import { button, choice } from './alertparts.js';
import {
  backtestWords, bandPath, caveats, domain, isKept, isNumber, lengthWords, matcher, nameOf, outward, refusalWords, rounded, ruleOf, unitOfMeasure,
  valueWords,
} from './alertwords.js';
import { valueTicks } from './drawing.js';
import { h, put, svg } from './dom.js';
import { clock, date, dayName, exact, minuteOfDay, moment } from './format.js';
import { now } from './statistics.js';

/** So long nothing may be typed or dragged before the server is asked. */
const PAUSE_MS = 200;
const HEIGHT = 220;
/** Around the plot: for numbers at the left, for days below, and for stretches of all statistics above those. */
const [LEFT, RIGHT, TOP, BOTTOM, STRIP] = [58, 10, 8, 22, 8];
const SHOWN_STRETCHES = 100;
const LABEL_PIXELS = 64;
/** A threshold that nothing ever crosses, as long as there is none. */
const NEVER = { above: 1e300, below: -1e300, equal: 1e300, outside: 1e300 };

const SCORE_MIN = .01;
/** Thresholds that can be suggested. */
const SUGGESTED = { above: true, below: true, outside: true };

export class Backtest {
  #timer = 0;
  #asked = 0;
  #key = '';
  #answer = null;
  #said = null;
  #rule = null;
  #domain = [0, 1];
  #isDragged = false;
  #hasThreshold = false;

  constructor(form) {
    this.form = form;
    this.zone = form.page.zone;
    this.words = h('p.found', { role: 'status' });
    this.note = h('p.about');
    this.days = choice([['1', 'the last day'], ['8', 'the last 8 days'], ['28', 'the last 28 days']], { 'aria-label': 'How far back', onchange: () => this.#again() });
    this.days.value = '8';
    this.statistic = choice([], { 'aria-label': 'Which statistic is drawn', onchange: () => this.#again() });
    this.atMost = h('input', { type: 'number', min: 0, max: 1000, value: 3, 'aria-label': 'How many times at most' });
    this.suggest = button('Suggest', () => this.#suggest(), 'Suggest a threshold');
    this.suggestion = h('span.suggest', {}, 'A threshold that fires at most ', this.atMost, ' times: ', this.suggest);
    this.chart = svg('svg', { 'aria-hidden': 'true', height: HEIGHT });
    this.handle = h('div.threshold', { role: 'slider', tabindex: 0, 'aria-label': 'Threshold', 'aria-orientation': 'vertical' }, h('b'));
    this.frame = h('div.plot-frame', { hidden: true }, this.chart, this.handle);
    this.list = h('details.stretches', { hidden: true }, h('summary', {}, 'When'), h('ol'));
    this.element = h('section.backtest', { 'aria-label': 'Look back' },
      h('header', {}, h('h2', {}, 'When it would have fired'), h('div.controls', {}, this.statistic, this.days)),
      this.words, this.frame, this.note, this.suggestion, this.list);
    new ResizeObserver(() => this.#draw()).observe(this.frame);
    this.#listen();
  }

  // MARK: Asking

  /** What the form says has changed; `found` are the statistics that it is about. */
  ask(said, found) {
    this.#said = said;
    const drawn = this.statistic.value;
    this.statistic.hidden = found.length < 2;
    this.statistic.offer([['', 'the one that fires most'], ...found.slice(0, 50).map(id => [id, nameOf(id)])]);
    if (!found.includes(drawn)) this.statistic.value = '';
    this.suggestion.hidden = !isNumber(said.measure) || !(said.condition in SUGGESTED) || !isKept(said.measure);
    this.#again();
  }

  #again() {
    clearTimeout(this.#timer);
    this.#place();
    this.#timer = setTimeout(() => this.#run(), PAUSE_MS);
  }

  /** Why there is nothing to look back at; nothing when there is. */
  get #obstacle() {
    const { match, measure } = this.#said;
    if (measure === 'process') return 'Which programs were up in the past is not kept: this rule cannot be looked back at.';
    if (!match.trim()) return 'Say which statistic, and you see when the rule would have fired.';
    return matcher(match.trim()) ? '' : 'This is no path or pattern yet.';
  }

  /** The question, and whether it has a threshold. */
  #question() {
    const { rule, problems } = ruleOf({ ...this.#said, name: '', text: '', runbook: '', channels: [], remind: '' });
    const { condition } = this.#said;
    const hasThreshold = !isNumber(rule.measure) || Number.isFinite(rule[condition]);
    if (!hasThreshold) {
      rule[condition] = NEVER[condition];
      delete rule.recover;
    }
    if (problems.recover) delete rule.recover;
    if (problems.for || !(rule.for >= 0)) rule.for = 0;
    return { rule, hasThreshold };
  }

  async #run(isRetry = false) {
    if (!this.element.isConnected) return;
    const obstacle = this.#obstacle;
    if (obstacle) {
      this.#key = '';
      this.#asked++;
      return this.#nothing(obstacle);
    }
    const { rule, hasThreshold } = this.#question();
    const body = { rule, days: Number(this.days.value), curve: this.statistic.value };
    const key = JSON.stringify(body);
    if (key === this.#key && !isRetry) return;
    this.#key = key;
    const asked = ++this.#asked;
    this.element.setAttribute('aria-busy', 'true');
    if (!this.#answer) put(this.words, 'Looking …');
    try {
      const answer = await ask('alerts/backtest', { method: 'POST', body });
      if (asked !== this.#asked) return;
      [this.#answer, this.#rule, this.#hasThreshold] = [answer, rule, hasThreshold];
      this.#show();
    } catch (error) {
      if (asked !== this.#asked) return;
      const isLater = error.status === 429 || error.status === 503 || error.status === 0;
      this.#key = '';
      this.#nothing(isLater ? `${refusalWords(error)} It is asked again.` : refusalWords(error).replace(/^rule\./, ''));
      if (isLater) this.#timer = setTimeout(() => this.#run(true), 1000 * (error.retryAfter ?? 3));
    }
    this.element.setAttribute('aria-busy', 'false');
  }

  #nothing(text) {
    this.element.setAttribute('aria-busy', 'false');
    this.#answer = null;
    this.frame.hidden = this.list.hidden = true;
    put(this.words, text);
    put(this.note, '');
  }

  async #suggest() {
    if (this.#obstacle) return put(this.words, this.#obstacle);
    const { rule } = this.#question();
    const { condition } = this.#said;
    const atMost = Math.min(1000, Math.max(0, Math.round(Number(this.atMost.value) || 0)));
    this.atMost.value = atMost;
    this.suggest.disabled = true;
    try {
      delete rule.recover;
      const { suggested, statistics } = await ask('alerts/backtest', { method: 'POST', body: { rule, days: Number(this.days.value), atMost } });
      if (suggested != null) this.form.threshold = outward(suggested, condition);
      else put(this.note, statistics ? 'No threshold was found that fires so seldom.' : 'It matches no statistic that is known.');
    } catch (error) {
      put(this.note, refusalWords(error).replace(/^rule\./, ''));
    }
    this.suggest.disabled = false;
    this.suggest.focus();
  }

  // MARK: Showing

  #show() {
    const answer = this.#answer;
    const isOpen = this.#hasThreshold;
    put(this.words, isOpen || !answer.statistics ? backtestWords(answer) : 'Say a threshold: type it, drag the line, or let one be suggested.');
    this.words.classList.toggle('fires', isOpen && answer.times > 0);
    put(this.note, caveats({ ...answer, isUsual: this.#rule.measure === 'usual' }).join(' '));
    this.frame.hidden = !answer.statistics || !answer.curve && !answer.stretches.length;
    this.list.hidden = !answer.stretches.length;
    const end = answer.to;
    this.list.lastChild.replaceChildren(...answer.stretches.toReversed().slice(0, SHOWN_STRETCHES).map(({ subject, from, until }) =>
      h('li', {}, h('time', {}, moment(from, this.zone, now())), `, ${lengthWords((until ?? end) - from)}${until ? '' : ', still'}: `, h('span.path', {}, nameOf(subject)))),
      answer.times > SHOWN_STRETCHES && h('li', {}, `and ${exact(answer.times - SHOWN_STRETCHES)} before`) || '');
    this.#draw();
  }

  get #threshold() {
    const { rule } = this.#question();
    const value = rule[this.#said.condition];
    return isNumber(rule.measure) && Math.abs(value) < 1e300 ? value : null;
  }

  #scale() {
    const { from, to } = this.#answer;
    const width = Math.max(120, this.frame.clientWidth);
    const [low, high] = this.#domain;
    const plotHeight = HEIGHT - TOP - BOTTOM - STRIP;
    return {
      width, plotHeight,
      x: at => LEFT + (at - from) / (to - from) * (width - LEFT - RIGHT),
      y: value => TOP + (high - value) / (high - low) * plotHeight,
      value: y => high - (y - TOP) / plotHeight * (high - low),
    };
  }

  #draw() {
    const answer = this.#answer;
    if (!answer || this.frame.hidden) return;
    const { curve, stretches, from, to } = answer;
    const points = curve?.points ?? [];
    const recover = this.#rule.recover;
    const isOutside = this.#said.condition === 'outside';
    const threshold = this.#threshold ?? NaN;
    if (!this.#isDragged) this.#domain = domain(points, [threshold, isOutside ? -threshold : NaN, recover ?? NaN]);
    const { width, plotHeight, x, y } = this.#scale();
    const [low, high] = this.#domain;
    const kind = curve?.subject.slice(0, curve.subject.indexOf(':')) ?? '';
    const [unit, sign] = unitOfMeasure(this.#rule.measure, curve?.subject);
    const bar = (stretch, top, height, name) => {
      const left = x(stretch.from);
      return svg('rect', { class: name, x: left.toFixed(1), y: top, width: Math.max(2, x(stretch.until ?? to) - left).toFixed(1), height });
    };
    const parts = [];
    if (curve) {
      for (const { v, label } of valueTicks(unit, low, high, plotHeight)) {
        parts.push(svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(v).toFixed(1), y2: y(v).toFixed(1) }),
          svg('text', { class: 'tick', x: LEFT - 6, y: (y(v) + 4).toFixed(1), 'text-anchor': 'end' }, label + (v ? sign : '')));
      }
    }
    const isOwn = ({ subject }) => !curve || subject === curve.subject;
    parts.push(...stretches.filter(isOwn).map(stretch => bar(stretch, TOP, plotHeight, 'fired')));
    if (curve) parts.push(svg('path', { class: `curve ${kind}`, d: bandPath(points, curve.step, x, y) }));
    parts.push(...stretches.map(stretch => bar(stretch, HEIGHT - BOTTOM - STRIP + 2, STRIP - 2, 'strip')));
    parts.push(svg('line', { class: 'axis', x1: LEFT, x2: width - RIGHT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }));
    for (const { at, label } of timeTicks(from, to, this.zone, Math.floor((width - LEFT - RIGHT) / LABEL_PIXELS))) {
      parts.push(svg('line', { class: 'axis', x1: x(at).toFixed(1), x2: x(at).toFixed(1), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 }),
        svg('text', { class: 'tick', x: x(at).toFixed(1), y: HEIGHT - 5, 'text-anchor': 'middle' }, label));
    }
    // A score is unusual in both directions: the other threshold is drawn, too.
    const lines = [recover, ...isOutside ? [-threshold, recover == null ? null : -recover] : []];
    for (const value of lines.filter(value => value != null && value >= low && value <= high)) {
      parts.push(svg('line', { class: 'recover', x1: LEFT, x2: width - RIGHT, y1: y(value).toFixed(1), y2: y(value).toFixed(1) }));
    }
    this.chart.setAttribute('width', width);
    this.chart.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.chart.replaceChildren(...parts);
    this.#place();
  }

  /** Puts the line of the threshold where the form says. */
  #place() {
    if (!this.#answer || this.frame.hidden) return;
    const threshold = this.#threshold;
    const { condition, measure } = this.#said;
    const hasLine = this.#answer.curve != null && isNumber(measure);
    this.handle.hidden = !hasLine;
    if (!hasLine) return;
    const [low, high] = this.#domain;
    const shown = threshold ?? high;
    const { y } = this.#scale();
    this.handle.style.transform = `translateY(${y(Math.min(high, Math.max(low, shown))).toFixed(1)}px)`;
    this.handle.classList.toggle('unset', threshold == null);
    const words = threshold == null ? 'drag to set' : valueWords({ ...this.#rule, measure }, threshold, this.#answer.curve.subject);
    put(this.handle.firstChild, words);
    const [least, most] = [low, high].map(value => Number(value.toPrecision(6)));
    const told = {
      valuemin: least, valuemax: most, valuenow: Math.min(most, Math.max(least, shown)),
      valuetext: threshold == null ? 'not set' : `${condition} ${words}`,
    };
    for (const [name, value] of Object.entries(told)) this.handle.setAttribute(`aria-${name}`, value);
  }

  // MARK: Moving the threshold

  #listen() {
    const { handle } = this;
    handle.addEventListener('pointerdown', event => {
      if (event.button) return;
      event.preventDefault();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      this.#isDragged = true;
    });
    handle.addEventListener('pointermove', event => {
      if (!this.#isDragged) return;
      const [low, high] = this.#domain;
      const value = this.#scale().value(event.clientY - this.frame.getBoundingClientRect().top);
      this.form.threshold = this.#allowed(rounded(Math.min(high, Math.max(low, value)), high - low));
    });
    const drop = () => {
      if (!this.#isDragged) return;
      this.#isDragged = false;
      this.#draw();
    };
    handle.addEventListener('pointerup', drop);
    handle.addEventListener('pointercancel', drop);
    handle.addEventListener('keydown', event => {
      const [low, high] = this.#domain;
      const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (!steps && event.key !== 'Home' && event.key !== 'End') return;
      event.preventDefault();
      const value = event.key === 'Home' ? low : event.key === 'End' ? high : (this.#threshold ?? high) + steps * (high - low) / 100;
      this.form.threshold = this.#allowed(rounded(value, high - low));
    });
  }

  /** A score that is unusual in either direction has no sign, and is never nothing. */
  #allowed(value) { return this.#said.condition === 'outside' ? Math.max(SCORE_MIN, value) : value; }
}

/** Where days begin, or hours of a single day, and what they are called: at most so many. */
export function timeTicks(from, to, zone, most) {
  if (most < 1) return [];
  const isDay = to - from <= 2 * 86400;
  const found = [];
  const step = isDay ? 3600 : 900;
  let before = null;
  for (let at = Math.ceil(from / step) * step; at < to; at += step) {
    if (isDay) {
      const minute = minuteOfDay(at, zone);
      found.push({ at, label: clock(Math.floor(minute)) });
      continue;
    }
    const day = date(at, zone);
    if (before && day !== before) found.push({ at, label: dayName(day).replace(/ \w+$/, '') });
    before = day;
  }
  // Hours that divide a day, or every so many days.
  const least = Math.ceil(found.length / most);
  const every = isDay ? [1, 2, 3, 6, 12].find(hours => hours >= least) ?? 24 : least;
  return found.filter((tick, i) => isDay ? minuteOfDay(tick.at, zone) % (60 * every) < 60 : i % every === 0);
}
