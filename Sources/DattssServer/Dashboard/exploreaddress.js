// What a plot of Explore shows, as its address says it. A board keeps such addresses, so what is wrong is said, and nothing is guessed:
//
//     v=1&q=c:shop.pages.*;fold=sum;by=n2;top=5&q=ms:shop.checkout.time;p99;right&range=3h&tz=Europe/Paris&draw=stacked&vs=week

import { format } from './format.js';
import { isZone, ownZone } from './view.js';

export const VERSION = 1;
export const QUERIES_MAX = 8;
const TOP_MAX = 100;
const TITLE_MAX = 120;

/** The figures of each kind; the first is what is meant when nothing is said. */
export const FIGURES = {
  c: ['per-minute', 'per-second', 'sum', 'count', 'average', 'min', 'max'],
  ms: ['p95', 'p50', 'p75', 'p90', 'p99', 'p99.9', 'average', 'min', 'max', 'count', 'per-minute', 'per-second', 'sum'],
  g: ['average', 'min', 'max', 'sum', 'count'],
};
/** How several statistics become one line. */
export const FOLDS = {
  none: 'each its own line', merge: 'all samples together', sum: 'sum', mean: 'mean', min: 'lowest', max: 'highest',
};
export const DRAWINGS = { lines: 'Lines', stacked: 'Stacked', heatmap: 'Heatmap' };
export const COMPARISONS = { day: 'Yesterday', week: 'Last week', usual: 'The usual' };
/** Ranges that follow the time, with their minutes. */
export const RANGES = { '15m': 15, '1h': 60, '3h': 180, '1d': 1440, '7d': 10080, '30d': 43200, '365d': 525600 };
export const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080];
/** The server looks back no further. */
export const MINUTES_MAX = 400 * 1440;
export const SHORTEST_MINUTES = 5;
/** Most that is asked for and drawn: more than pixels would only cost time. */
const POINTS_MAX = 2000;

/** What an address says and may not; its message is for people. */
export class AddressError extends Error {}
const refuse = message => { throw new AddressError(message); };

export const newQuery = (kind, pattern) =>
  ({ kind, pattern, figure: FIGURES[kind][0], fold: 'none', by: null, top: /[*?{[]/.test(pattern) ? 20 : null, right: false });

export const emptyPlot = () => ({
  queries: [], range: '3h', from: null, to: null, zone: ownZone(), step: null, draw: 'lines', vs: null, isRatio: false, title: '',
});

function readQuery(text) {
  const [what, ...options] = text.split(';');
  const [, kind, pattern] = what.match(/^(c|ms|g):([^\s;]{1,255})$/)
    ?? refuse(`q: is “${what.slice(0, 60)}”, expected a kind and a pattern, such as c:shop.orders or ms:shop.**`);
  if (!/^[A-Za-z0-9_.:!*?{},[\]-]+$/.test(pattern)) refuse(`q: the pattern “${pattern.slice(0, 60)}” has a character that no name and no pattern has`);
  const query = { ...newQuery(kind, pattern), top: null };
  for (const option of options) {
    const [name, value] = option.split('=', 2);
    if (value === undefined && FIGURES[kind].includes(name)) query.figure = name;
    else if (name === 'fold' && Object.hasOwn(FOLDS, value)) query.fold = value;
    else if (option === 'right') query.right = true;
    else if (name === 'by' && /^[A-Za-z_]\w{0,60}$/.test(value)) query.by = value;
    else if (name === 'top' && /^\d{1,3}$/.test(value) && value >= 1 && value <= TOP_MAX) query.top = Number(value);
    else {
      refuse(`q: “${option.slice(0, 40)}” is no option of ${kind}:${pattern}; expected one of ${FIGURES[kind].join(', ')}; or `
        + `fold= and one of ${Object.keys(FOLDS).join(', ')}; or by=n0, top=1 to ${TOP_MAX}, right`);
    }
  }
  if (query.by && query.fold === 'none') refuse(`q: by=${query.by} needs a fold: merge, sum, mean, min or max`);
  return query;
}

/** Epoch seconds of 2026-11-29T10:00Z. */
function readTime(name, text) {
  const seconds = /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/.test(text) ? Date.parse(text) / 1000 : NaN;
  if (Number.isNaN(seconds)) refuse(`${name}: is “${text.slice(0, 40)}”, expected a time in UTC such as 2026-11-29T10:00Z`);
  return seconds;
}
const writeTime = seconds => `${new Date(seconds * 1000).toISOString().slice(0, 16)}Z`;

const READERS = {
  v: (plot, text) => text === String(VERSION) || refuse(`v: is “${text.slice(0, 10)}”, expected ${VERSION}: this page is older than the address`),
  q: (plot, text) => {
    if (plot.queries.length === QUERIES_MAX) refuse(`q: there are more than ${QUERIES_MAX}`);
    plot.queries.push(readQuery(text));
  },
  range: (plot, text) => {
    plot.range = Object.hasOwn(RANGES, text) ? text : refuse(`range: is “${text.slice(0, 20)}”, expected one of ${Object.keys(RANGES).join(', ')}`);
  },
  from: (plot, text) => { plot.from = readTime('from', text); },
  to: (plot, text) => { plot.to = readTime('to', text); },
  tz: (plot, text) => { plot.zone = isZone(text) ? text : refuse(`tz: “${text.slice(0, 40)}” is no time zone, such as Europe/Paris`); },
  step: (plot, text) => {
    plot.step = STEPS.find(step => String(step) === text) ?? refuse(`step: is “${text.slice(0, 20)}”, expected minutes: one of ${STEPS.join(', ')}`);
  },
  draw: (plot, text) => {
    plot.draw = Object.hasOwn(DRAWINGS, text) ? text : refuse(`draw: is “${text.slice(0, 20)}”, expected one of ${Object.keys(DRAWINGS).join(', ')}`);
  },
  vs: (plot, text) => {
    plot.vs = Object.hasOwn(COMPARISONS, text) ? text : refuse(`vs: is “${text.slice(0, 20)}”, expected one of ${Object.keys(COMPARISONS).join(', ')}`);
  },
  ratio: (plot, text) => { plot.isRatio = text === '1' || refuse(`ratio: is “${text.slice(0, 20)}”, expected 1`); },
  title: (plot, text) => { plot.title = text.length <= TITLE_MAX ? text : refuse(`title: is longer than ${TITLE_MAX} characters`); },
};

/**
 * Reads what stands behind `#explore?`.
 * Throws an AddressError that names the parameter, what it is and what was expected.
 */
export function readPlot(text) {
  const plot = emptyPlot();
  const seen = new Set();
  for (const [name, value] of new URLSearchParams(text)) {
    if (!Object.hasOwn(READERS, name)) refuse(`“${name.slice(0, 20)}” is not known; expected ${Object.keys(READERS).join(', ')}`);
    if (name !== 'q' && seen.has(name)) refuse(`${name}: is there twice`);
    seen.add(name);
    READERS[name](plot, value);
  }
  if ((plot.from == null) !== (plot.to == null)) refuse('from, to: one is there without the other');
  if (plot.from != null) {
    if (seen.has('range')) refuse('range: cannot be together with from and to');
    plot.range = null;
    if (plot.to - plot.from < SHORTEST_MINUTES * 60) refuse(`from, to: expected ${SHORTEST_MINUTES} minutes at least between them`);
    if (plot.to - plot.from > MINUTES_MAX * 60) refuse('from, to: expected 400 days at most between them');
  }
  if (plot.isRatio && plot.queries.length !== 2) refuse(`ratio: is of two, there ${plot.queries.length === 1 ? 'is 1' : `are ${plot.queries.length}`}`);
  if (plot.draw === 'heatmap' && (plot.queries.length !== 1 || plot.queries[0].kind !== 'ms')) refuse('draw: a heatmap is of one pattern of timers (ms:…)');
  return plot;
}

function writeQuery({ kind, pattern, figure, fold, by, top, right }) {
  const options = [];
  if (figure !== FIGURES[kind][0]) options.push(figure);
  if (fold !== 'none') options.push(`fold=${fold}`);
  if (by && fold !== 'none') options.push(`by=${by}`);
  if (top) options.push(`top=${top}`);
  if (right) options.push('right');
  return [`${kind}:${pattern}`, ...options].join(';');
}

/** Characters that stand for themselves after a #, and read better. */
const escaped = text => encodeURIComponent(text).replace(/%(3A|2C|3B|3D|2F|7B|7D|5B|5D|3F)/g, decodeURIComponent);

/** The same as an address: `readPlot(writePlot(plot))` is the plot. */
export function writePlot(plot) {
  const parts = [`v=${VERSION}`, ...plot.queries.map(query => `q=${escaped(writeQuery(query))}`)];
  if (plot.range) parts.push(`range=${plot.range}`);
  else parts.push(`from=${writeTime(plot.from)}`, `to=${writeTime(plot.to)}`);
  parts.push(`tz=${escaped(plot.zone)}`);
  if (plot.step) parts.push(`step=${plot.step}`);
  if (plot.draw !== 'lines') parts.push(`draw=${plot.draw}`);
  if (plot.vs) parts.push(`vs=${plot.vs}`);
  if (plot.isRatio) parts.push('ratio=1');
  if (plot.title) parts.push(`title=${escaped(plot.title)}`);
  return parts.join('&');
}

/** The step for so many minutes on so many pixels: a point has two pixels at least. Further back than a week there are hours only. */
export function stepFor(minutes, pixels, isOld = false) {
  const least = Math.max(1, minutes / Math.max(60, pixels / 2), isOld ? 60 : 1);
  return STEPS.find(step => step >= least) ?? STEPS.at(-1);
}

const DAY = 86400;
/** Minutes are kept for eight days. */
const MINUTES_KEPT = 8 * DAY;

/** Where midnight in a zone lies, so that steps of hours and days begin where the page's do. */
export function zoneOffset(seconds, zone) {
  const parts = format(zone, {
    hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
  }).formatToParts(seconds * 1000);
  const of = type => Number(parts.find(part => part.type === type).value);
  return Math.round(Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute')) / 60000 - Math.floor(seconds / 60)) * 60;
}

/** When a clock in a zone shows a time, which is given as if the zone were UTC. */
export const instantOf = (local, zone) => local - zoneOffset(local - zoneOffset(local, zone), zone);

/** What clocks of a zone show at a moment, as a field for a time wants it: 2026-11-29T10:05. */
export const fieldOf = (seconds, zone) => new Date((seconds + zoneOffset(seconds, zone)) * 1000).toISOString().slice(0, 16);

/** The moment that such a field names. */
export const instantOfField = (value, zone) => instantOf(Date.parse(`${value}Z`) / 1000, zone);

/** What is to be asked: `{ from, to, step }` in whole steps, epoch seconds and minutes, by what a plot shows, how wide it is, and the time. */
export function windowOf(plot, pixels, now) {
  const minutes = plot.range ? RANGES[plot.range] : (plot.to - plot.from) / 60;
  const [first, last] = plot.range ? [now - minutes * 60, now] : [plot.from, plot.to];
  let step = Math.max(plot.step ?? 0, plot.step ? 0 : stepFor(minutes, pixels, now - first > MINUTES_KEPT));
  // A step by hand may be too short for the range.
  while (minutes / step > POINTS_MAX) step = STEPS.find(other => other > step) ?? step * 2;
  const length = step * 60;
  const offset = zoneOffset(first, plot.zone);
  const floor = seconds => Math.floor((seconds + offset) / length) * length - offset;
  // The last minute is not over, and would be a dip; a longer step is shown as far as it is known.
  const to = plot.range && step === 1 ? floor(last) : floor(last - 1) + length;
  return { from: Math.min(floor(first), to - length), to, step };
}

/** Another part of time: a fixed range, within what can be asked. */
export function withRange(plot, from, to, now) {
  const least = SHORTEST_MINUTES * 60;
  let [first, last] = [Math.floor(from / 60) * 60, Math.ceil(to / 60) * 60];
  if (last - first < least) [first, last] = [Math.round((first + last - least) / 120) * 60, Math.round((first + last - least) / 120) * 60 + least];
  const end = Math.ceil(now / 60) * 60;
  if (last > end) [first, last] = [first - (last - end), end];
  const earliest = end - MINUTES_MAX * 60;
  if (first < earliest) [first, last] = [earliest, Math.min(end, Math.max(last, earliest + least))];
  return { ...plot, range: null, from: first, to: last };
}

/** A window with as much again on either side, as far as there is time and the server looks back. */
export function widened({ from, step, count }, now) {
  const length = step * 60;
  const room = seconds => Math.max(0, Math.min(count, Math.floor(seconds / length))) * length;
  const to = from + count * length;
  return { from: from - room(from - (now - MINUTES_MAX * 60)), to: to + room(Math.ceil((now - to) / length) * length), step };
}

/** How far back what is compared with lies, in seconds. */
export const shiftsOf = vs => ({ day: [DAY], week: [7 * DAY], usual: [1, 2, 3, 4, 5, 6, 7].map(days => days * DAY) })[vs] ?? [];

/** The address that plots a statistic around a stretch: as much before it as it is compared with, and a little behind. */
export function addressAround({ kind, path }, { from, to }, zone, now) {
  const length = to - from;
  return `#explore?${writePlot(withRange({ ...emptyPlot(), queries: [newQuery(kind, path)], zone }, from - 4 * length, to + length, now))}`;
}

/** The address that plots a statistic over a day of a zone, or a part of it in minutes from midnight; today is live. */
export function addressOfDay({ kind, path }, { day, zone, isToday, part }) {
  const plot = { ...emptyPlot(), queries: [newQuery(kind, path)], zone, range: '1d' };
  if (!isToday || part) {
    const midnight = Date.parse(`${day}T00:00Z`) / 1000;
    const start = instantOf(midnight, zone);
    const [from, to] = part ?? [0, 1440];
    Object.assign(plot, { range: null, from: Math.floor(start / 60 + from) * 60, to: Math.ceil(start / 60 + to) * 60 });
  }
  return `#explore?${writePlot(plot)}`;
}
