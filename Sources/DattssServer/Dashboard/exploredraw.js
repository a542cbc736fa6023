// A plot of Explore as a picture: SVG, so that what is seen, what is saved and what is printed are the same drawing.

import { reach } from './axis.js';
import { svg } from './dom.js';
import { valueTicks } from './drawing.js';
import { instantOf, zoneOffset } from './exploreaddress.js';
import { format, valueOf } from './format.js';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TICKS = [1, 5, 10, 15, 30].map(n => n * MINUTE).concat([1, 2, 3, 6, 12].map(n => n * HOUR), [1, 2, 7, 14].map(n => n * DAY));
const TICK_PIXELS = 74;
const BOTTOM = 22;
const TOP = 8;
const AXIS = 62;
const EDGE = 14;
const COLOURS = 10;
/** So many strengths of a heatmap: each is one path, and so there are few elements however many bands. */
const STRENGTHS = 9;
const TITLE = 26;

/** The colours of the theme that is in force. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(`--${name}`).trim();
  return {
    lines: Array.from({ length: COLOURS }, (_, i) => of(`plot-${i}`)), heat: of('ms'), ink: of('ink'), soft: of('soft'), axis: of('axis'),
    grid: of('grid'), ground: of('panel'), letters: getComputedStyle(document.body).fontFamily,
  };
}

/** Lines beyond the colours are dashed. */
export const colourOf = (palette, i) => palette.lines[i % palette.lines.length];
export const dashOf = i => ['', '6 3', '2 3', '8 3 2 3'][Math.floor(i / COLOURS) % 4];

const said = (seconds, zone, options) => format(zone, options).format(seconds * 1000);
const CLOCK = { hour: '2-digit', minute: '2-digit' };
const ON_DAY = { day: 'numeric', month: 'short' };

/** Ticks at round times of the clock in a zone, `{ at, label }`. */
export function timeTicks(from, to, pixels, zone) {
  const least = (to - from) / Math.max(1, pixels / TICK_PIXELS);
  const step = TICKS.find(step => step >= least);
  const found = [];
  if (!step) {
    // Months: each first day that there is room for.
    const months = Math.max(1, Math.ceil(least / (30.4 * DAY)));
    const start = new Date((from + zoneOffset(from, zone)) * 1000);
    for (let month = start.getUTCMonth(); found.length < 100; month += months) {
      const local = Date.UTC(start.getUTCFullYear(), month, 1) / 1000;
      const at = local - zoneOffset(local, zone);
      if (at > to) break;
      if (at >= from) found.push({ at, label: said(at, zone, { month: 'short', year: '2-digit' }) });
    }
    return found;
  }
  for (let local = Math.floor((from + zoneOffset(from, zone)) / step) * step; found.length < 500; local += step) {
    const at = instantOf(local, zone);
    if (at > to) break;
    if (at < from || at <= (found.at(-1)?.at ?? -Infinity)) continue;
    found.push({ at, label: local % DAY === 0 ? said(at, zone, ON_DAY) : said(at, zone, CLOCK) });
  }
  return found;
}

/** A step in words: its day, and its time unless it is whole days. */
export function timeWords({ from, step }, index, zone) {
  const at = from + index * step * 60;
  const day = said(at, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  return step >= 1440 ? day : `${day}, ${said(at, zone, CLOCK)}`;
}

/** A moment in words, on a plot of so many minutes: of more than a day its day is named, too. */
export const momentWords = (at, minutes, zone) => said(at, zone, minutes > 1440 ? { ...ON_DAY, ...CLOCK } : CLOCK);

/** The lines one on top of the other: `{ low, high }` step by step. What is not known adds nothing. */
export function stacked(lines, count) {
  const sums = new Array(count).fill(0);
  return lines.map(({ values }) => values.map((value, i) => {
    if (value == null) return { low: sums[i], high: sums[i] };
    const low = sums[i];
    sums[i] += value;
    return { low, high: sums[i] };
  }));
}

/** What an axis is measured in: what all of its lines are, or a mere number. */
export const unitOfAxis = lines => lines.length && lines.every(({ unit }) => unit === lines[0].unit) ? lines[0].unit : 'number';

/** The lowest and the highest value that an axis shows. */
export function extent(lists) {
  let [low, high] = [Infinity, -Infinity];
  for (const list of lists) {
    for (const value of list) {
      if (value == null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  // What hardly moves far from zero is shown closely.
  if (low > 0 && high - low < high * .1) {
    const room = (high - low || high) * .15;
    return [low - room, high + room];
  }
  return [low < 0 ? low * 1.08 : 0, high > 0 ? high * 1.08 : low < 0 ? 0 : 1];
}

const round = value => Math.round(value * 10) / 10;

/** A path through points, in pieces where there is nothing; and the points that stand alone. */
function traced(values, x, y) {
  const known = [];
  values.forEach((value, i) => value != null && known.push(i));
  const longest = Math.max(1.01, reach(known));
  let path = '';
  const lonely = [];
  known.forEach((i, k) => {
    const isJoined = k > 0 && i - known[k - 1] <= longest;
    if (!isJoined && !(k + 1 < known.length && known[k + 1] - i <= longest)) lonely.push(i);
    path += `${isJoined ? 'L' : 'M'}${round(x(i))} ${round(y(values[i]))}`;
  });
  return { path, lonely };
}

function area(steps, x, y) {
  let path = '';
  for (let first = 0, i = 0; i <= steps.length; i++) {
    if (steps[i]) continue;
    if (i > first) {
      const places = Array.from({ length: i - first }, (_, k) => first + k);
      path += `M${places.map(k => `${round(x(k))} ${round(y(steps[k].high))}`).join('L')}L`
        + `${places.toReversed().map(k => `${round(x(k))} ${round(y(steps[k].low))}`).join('L')}Z`;
    }
    first = i + 1;
  }
  return path;
}

/** The bands of a heatmap as paths, one a strength: the root of a count is what is seen, or one band would hide all others. */
export function heatPaths({ counts, bounds }, x, y, width) {
  const most = Math.max(0, ...counts.map(step => Math.max(0, ...step)));
  const paths = new Array(STRENGTHS).fill('');
  counts.forEach((step, i) => step.forEach((count, band) => {
    if (count <= 0) return;
    const strength = Math.min(STRENGTHS - 1, Math.floor(Math.sqrt(count / most) * STRENGTHS));
    const [top, bottom] = [y(bounds[band + 1]), y(bounds[band])];
    paths[strength] += `M${round(x(i) - width / 2)} ${round(top)}h${round(width)}v${round(bottom - top)}h${round(-width)}Z`;
  }));
  return paths;
}

/** Ticks of a logarithmic axis: 1, 2 and 5 of each power of ten, fewer where there are many powers. */
export function logTicks(low, high) {
  const factors = high / low < 1e3 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) {
      const value = factor * 10 ** power;
      if (value >= low * .999 && value <= high * 1.001) found.push(value);
    }
  }
  return found;
}

/**
 * Draws; answers `{ element, moving, left, right, top, bottom, xOf, atTime, indexAt }`. `isShown(i)` says which lines are, `isWhole` draws title
 * and legend, too, for a picture that stands alone, and where something happened: `marks`, each with its place in epoch seconds. `view`,
 * `{ from, count }`, is the part of the data that is seen; the rest lies beside it, and comes to be seen when `moving` is moved.
 */
export function draw(data, plot, palette, { width, height, isShown = () => true, isWhole = false, marks = [], view = data }) {
  const names = isWhole ? data.lines.map((line, i) => ({ line, i })).filter(({ i }) => isShown(i)).slice(0, 40) : [];
  const legendRows = Math.ceil(names.length / 3);
  const top = TOP + (isWhole ? TITLE : 0);
  const bottom = height - BOTTOM - legendRows * 18 - (isWhole ? 6 : 0);
  const hasRight = data.lines.some(line => line.isRight) && plot.draw === 'lines' && !plot.isRatio;
  const [left, right] = [AXIS, width - (hasRight ? AXIS : EDGE)];
  const slot = (right - left) / Math.max(1, view.count);
  const first = Math.round((view.from - data.from) / (data.step * 60));
  const seen = list => view === data ? list : list.slice(Math.max(0, first), first + view.count);
  // A value is that of a whole step: it stands in its middle.
  const xOf = i => left + (i - first + .5) * slot;
  const atTime = seconds => left + (seconds - view.from) / (data.step * 60) * slot;
  const root = svg('svg', { xmlns: 'http://www.w3.org/2000/svg', width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': palette.letters, 'font-size': 12 });
  if (isWhole) root.append(svg('rect', { width, height, fill: palette.ground }));
  // What moves with the time is cut where the axes end.
  const moving = svg('g');
  const pane = svg('svg', { x: left, width: Math.max(0, right - left), height, viewBox: `${left} 0 ${Math.max(1, right - left)} ${height}` }, moving);
  const addTo = (parent, tag, attributes, text) => {
    const element = svg(tag, attributes);
    if (text != null) element.textContent = text;
    parent.append(element);
  };
  const add = (...what) => addTo(moving, ...what);
  const addStill = (...what) => addTo(root, ...what);
  const end = data.from + data.count * data.step * 60;
  for (const { at, label } of timeTicks(data.from, end, (right - left) * data.count / Math.max(1, view.count), plot.zone)) {
    const x = Math.round(atTime(at)) + .5;
    add('path', { d: `M${x} ${top}V${bottom}`, stroke: palette.grid });
    // The outermost are moved inwards, so that nothing is cut.
    const anchor = view !== data ? 'middle' : x < left + 22 ? 'start' : x > right - 22 ? 'end' : 'middle';
    add('text', { x, y: bottom + 16, fill: palette.axis, 'text-anchor': anchor }, label);
  }
  const valueAxis = (ticks, y, isRight) => {
    for (const { v, label } of ticks) {
      const at = Math.round(y(v)) + .5;
      if (at < top || at > bottom + 1) continue;
      if (!isRight) addStill('path', { d: `M${left} ${at}H${right}`, stroke: palette.grid });
      addStill('text', { x: isRight ? right + 8 : left - 8, y: at + 4, fill: palette.axis, 'text-anchor': isRight ? 'start' : 'end' }, label);
    }
  };
  const shown = data.lines.map((line, i) => ({ line, i })).filter(({ i }) => isShown(i));
  if (plot.draw === 'heatmap') heat();
  else if (plot.draw === 'stacked' && !plot.isRatio) stack();
  else lines();
  // Over the lines of the grid.
  root.append(pane);
  addStill('path', { d: `M${left} ${bottom + .5}H${right}`, stroke: palette.axis, opacity: .5 });
  if (isWhole) {
    happened();
    legend();
  }
  return {
    element: root, moving, left, right, top, bottom, xOf, atTime, indexAt: x => Math.min(view.count - 1, Math.max(0, Math.floor((x - left) / slot))),
  };

  function stroke(values, y, colour, extra = {}) {
    const { path, lonely } = traced(values, xOf, y);
    if (path) add('path', { d: path, fill: 'none', stroke: colour, 'stroke-width': 1.8, 'stroke-linejoin': 'round', ...extra });
    for (const i of lonely) add('circle', { cx: round(xOf(i)), cy: round(y(values[i])), r: 2.4, fill: colour, opacity: extra.opacity ?? 1 });
  }

  function happened() {
    for (const { place } of marks) {
      const x = Math.round(atTime(place)) + .5;
      if (x < left || x > right) continue;
      add('path', { d: `M${x} ${top}V${bottom}`, stroke: palette.soft });
      add('path', { d: `M${x - 4} ${top}h8l-4 7Z`, fill: palette.ink });
    }
  }

  function lines() {
    for (const isRight of [false, true]) {
      const own = shown.filter(({ line }) => Boolean(line.isRight && hasRight) === isRight);
      if (!own.length && (isRight || shown.length)) continue;
      const [low, high] = extent(own.flatMap(({ line }) =>
        [line.values, line.before ?? [], ...line.band ? [line.band.map(step => step?.low), line.band.map(step => step?.high)] : []].map(seen)));
      const y = value => bottom - (value - low) / (high - low) * (bottom - top);
      valueAxis(valueTicks(unitOfAxis(own.map(({ line }) => line)), low, high, bottom - top), y, isRight);
      for (const { line, i } of own) {
        if (line.band) add('path', { d: area(line.band, xOf, y), fill: colourOf(palette, i), opacity: .16 });
      }
      for (const { line, i } of own) {
        if (line.before) stroke(line.before, y, colourOf(palette, i), { opacity: .55, 'stroke-width': 1.2, 'stroke-dasharray': '3 3' });
      }
      for (const { line, i } of own) stroke(line.values, y, colourOf(palette, i), dashOf(i) ? { 'stroke-dasharray': dashOf(i) } : {});
    }
  }

  function stack() {
    const layers = stacked(shown.map(({ line }) => line), data.count);
    const [low, high] = extent([seen(layers.at(-1)?.map(step => step.high) ?? []), [0]]);
    const y = value => bottom - (value - low) / (high - low) * (bottom - top);
    valueAxis(valueTicks(unitOfAxis(shown.map(({ line }) => line)), low, high, bottom - top), y, false);
    layers.forEach((steps, k) => {
      const { line, i } = shown[k];
      const isKnown = steps.map((step, at) => shown.some(({ line }) => line.values[at] != null) ? step : null);
      add('path', { d: area(isKnown, xOf, y), fill: colourOf(palette, i), opacity: .62 });
      stroke(steps.map((step, at) => line.values[at] == null ? null : step.high), y, colourOf(palette, i), { 'stroke-width': 1 });
    });
  }

  function heat() {
    const { bounds } = data.heatmap ?? { bounds: [] };
    if (bounds.length < 2) return;
    const [low, high] = [bounds[0] > 0 ? bounds[0] : bounds.at(-1) / 1e6, bounds.at(-1)];
    const y = value => bottom - Math.log(Math.max(value, low) / low) / Math.log(high / low) * (bottom - top);
    heatPaths(data.heatmap, xOf, y, slot * 1.01).forEach((d, strength) => d && add('path', { d, fill: palette.heat, opacity: round((strength + 1) / STRENGTHS * 10) / 10 }));
    const least = logTicks(low, high);
    const unit = data.lines[0]?.unit ?? 'ms';
    valueAxis((least.length > 1 ? least : [low, high]).map(v => ({ v, label: valueOf(unit, v) })), y, false);
    const dashes = ['', '7 3', '2 3'];
    shown.forEach(({ line, i }) => {
      stroke(line.values, y, palette.ground, { 'stroke-width': 4, opacity: .8 });
      stroke(line.values, y, palette.ink, { 'stroke-width': 1.6, 'stroke-dasharray': dashes[i % 3] });
    });
  }

  function legend() {
    addStill('text', { x: left, y: TOP + 12, fill: palette.ink, 'font-size': 15, 'font-weight': 600 }, plot.title || names[0]?.line.title || '');
    const column = (right - left) / 3;
    names.forEach(({ line, i }, k) => {
      const [x, y] = [left + k % 3 * column, bottom + BOTTOM + 14 + Math.floor(k / 3) * 18];
      const most = Math.floor((column - 24) / 6.6);
      addStill('rect', { x, y: y - 8, width: 12, height: 3, fill: plot.draw === 'heatmap' ? palette.ink : colourOf(palette, i) });
      addStill('text', { x: x + 18, y: y - 2, fill: palette.soft }, line.title.length > most ? `…${line.title.slice(1 - most)}` : line.title);
    });
  }
}
