// What a plot of Explore shows, asked of the server and put together: lines, what they are compared with, a ratio, or a heatmap.

import { ask } from './api.js';
import { FIGURES, shiftsOf } from './exploreaddress.js';
import { unitOf } from './units.js';

/** More lines cannot be told apart; the plot says how many there are. */
export const LINES_MAX = 40;
const DAY = 86400;

/** What is behind a number of a figure. */
const PER = { 'per-minute': '/min', 'per-second': '/s' };
/** Figures that count samples: of a counter only how many there were, because what it counts is its unit. */
const counting = kind => kind === 'c' ? ['count'] : ['per-minute', 'per-second', 'count'];

/** What a query's numbers are measured in; the lines of a pattern are by their own names. */
export function unitOfQuery({ kind, pattern, figure }) {
  if (counting(kind).includes(figure)) return 'number';
  return unitOf({ id: `${kind}:${pattern}`, kind, path: pattern });
}

const parameters = ({ kind, pattern, figure, fold, by, top }, { from, to, step }) => {
  const said = new URLSearchParams({ kind, pattern, figure, fold, from, to, step });
  if (by && fold !== 'none') said.set('by', by);
  said.set('top', top ?? LINES_MAX);
  return said;
};

const earlier = ({ from, to, step }, days) => ({ from: from - days * DAY, to: to - days * DAY, step });

/** Where the numbers of a plot come from: `lines` answers those of its query at a place, `heatmap` its bands. This is what a user may see. */
export const ownSource = {
  // Those that are highest now need not be those that were then.
  lines: (query, place, window, daysBefore) =>
    ask(`query?${parameters(daysBefore ? { ...query, top: null } : query, earlier(window, daysBefore))}`),
  heatmap: ({ pattern }, window) => ask(`heatmap?${new URLSearchParams({ pattern, ...window, bands: 36 })}`),
  marks: window => marksOf(window),
};

/** So long plots that show the same time, as those of a board do, share what happened in it. */
const SHARED_MS = 5000;
const known = new Map();

/** What happened in a window, `{ marks, isCut }`, each mark with its place in epoch seconds. */
function marksOf({ from, to }) {
  const key = `${from} ${to}`;
  for (const [other, { at }] of known) if (Date.now() - at > SHARED_MS) known.delete(other);
  if (!known.has(key)) {
    const answer = ask(`marks?from=${from}&to=${to}`)
      .then(({ marks, cut }) => ({ marks: marks.map(mark => ({ ...mark, place: mark.at })), isCut: cut }));
    known.set(key, { at: Date.now(), answer });
    answer.catch(() => known.delete(key));
  }
  return known.get(key).answer;
}

/** What a line is called: as short as the others allow. */
export function nameOf(query, name, queries) {
  const what = name || (query.fold === 'none' ? query.pattern : `${query.fold} of ${query.pattern}`);
  const isTold = queries.length === 1 || queries.every(other => other === query || other.figure === query.figure);
  const isUsual = query.figure === FIGURES[query.kind][0] && query.kind !== 'ms';
  const isTwice = queries.some(other => other !== query && other.pattern === query.pattern);
  return isTold && isUsual && !isTwice ? what : `${what} ${query.figure}`;
}

/** The mean, the lowest and the highest of several lines, step by step. */
export function spreadOf(lines, length) {
  return Array.from({ length }, (_, i) => {
    const known = lines.map(line => line[i]).filter(value => value != null);
    if (!known.length) return null;
    return { mean: known.reduce((sum, value) => sum + value, 0) / known.length, low: Math.min(...known), high: Math.max(...known) };
  });
}

/** The first in percent of the second, line by line of the same name where both have several; null where that makes no sense. */
export function ratioOf([above, below]) {
  const only = below.length === 1 ? below[0] : null;
  return above.flatMap(line => {
    const other = only ?? below.find(({ name }) => name === line.name);
    if (!other) return [];
    const values = line.values.map((value, i) => value == null || !other.values[i] ? null : 100 * value / other.values[i]);
    return [{ ...line, values, unit: '%', per: '' }];
  });
}

/** Loads the lines of one query in a window, or those of some days before. */
async function lines(source, query, place, plot, window, daysBefore = 0) {
  const answer = await source.lines(query, place, window, daysBefore);
  const unit = name => unitOfQuery(query.fold === 'none' && name ? { ...query, pattern: name } : query);
  return {
    answer,
    // By name, so that each keeps its colour while others become higher.
    lines: answer.series.toSorted((a, b) => a.name < b.name ? -1 : 1).map(({ name, values }) => ({
      name, title: nameOf(query, name, plot.queries), values, unit: unit(name), per: PER[query.figure] ?? '', query: place, isRight: query.right,
    })),
  };
}

/** What is compared with: for each line `before`, a line, or a band of the seven days before. */
async function compare(source, plot, window, all) {
  const shifts = shiftsOf(plot.vs);
  if (!shifts.length) return;
  const before = await Promise.all(plot.queries.map((query, i) => Promise.all(shifts.map(async seconds => {
    const found = await lines(source, query, i, plot, window, seconds / DAY);
    return new Map(found.lines.map(line => [line.name, line.values]));
  }))));
  for (const line of all) {
    const known = before[line.query].map(days => days.get(line.name)).filter(Boolean);
    if (!known.length) continue;
    const steps = spreadOf(known, line.values.length);
    line.before = steps.map(step => step?.mean ?? null);
    if (plot.vs === 'usual') line.band = steps;
  }
}

/**
 * Answers `{ from, step, count, lines, leftOff, statistics, isApproximate, heatmap }`. Throws what the server refuses, with its words.
 */
export async function loadPlot(plot, window, source = ownSource) {
  const count = Math.round((window.to - window.from) / window.step / 60);
  const data = { ...window, count, lines: [], leftOff: 0, statistics: 0, isApproximate: false, heatmap: null };
  if (!plot.queries.length) return data;
  if (plot.draw === 'heatmap') return loadHeatmap(source, plot, window, data);
  const found = await Promise.all(plot.queries.map((query, i) => lines(source, query, i, plot, window)));
  for (const { answer } of found) {
    data.statistics += answer.statistics;
    data.leftOff += answer.of - answer.series.length;
    data.isApproximate ||= answer.approximate;
  }
  if (plot.isRatio) {
    data.lines = ratioOf(found.map(({ lines }) => lines));
  } else {
    data.lines = found.flatMap(({ lines }) => lines);
    await compare(source, plot, window, data.lines);
  }
  return data;
}

async function loadHeatmap(source, plot, window, data) {
  const [query] = plot.queries;
  const bands = source.heatmap(query, window);
  const percentiles = ['p50', 'p95', 'p99'].map(figure => ({ ...query, figure, fold: 'merge', by: null, top: null }));
  const found = await Promise.all(percentiles.map((percentile, i) => lines(source, percentile, i, { ...plot, queries: percentiles }, window)));
  data.heatmap = await bands;
  data.statistics = data.heatmap.statistics;
  data.isApproximate = data.heatmap.approximate;
  data.lines = found.flatMap(({ lines }, i) => lines.map(line => ({ ...line, title: percentiles[i].figure })));
  return data;
}
