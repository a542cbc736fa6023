// How a day is drawn: the usual day as an area behind, today as a line, its spread as bands. Nothing bridges a gap.

import { reach } from './axis.js';
import { clock, fixed, scaleOf, valueOf } from './format.js';

/** The plot's library is the distribution's own, and not needed for anything else on the page. */
let library = null;
export function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/assets/dygraph.min.js';
    script.onload = () => {
      const { Dygraph } = window;
      // The page has a legend of its own; that of dygraphs would set style attributes, which the page's policy forbids.
      Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);
      resolve(Dygraph);
    };
    script.onerror = () => reject(new Error('dygraphs is missing'));
    document.head.append(script);
  });
  return library;
}

/** The colours of the theme that is in force. */
export function palette(kind) {
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(`--${name}`).trim();
  return { today: colour(kind), usual: colour('usual'), edge: colour('usual-edge'), grid: colour('grid'), axis: colour('axis'), mark: colour('ink') };
}

/** Runs of points that follow each other. */
function runs(points) {
  const known = (points ?? []).filter(point => point.yval != null && Number.isFinite(point.canvasy));
  const step = Math.min(Infinity, ...(points ?? []).slice(1, 3).map((point, i) => point.xval - points[i].xval));
  const longest = Math.max(1.01 * step, reach(known.map(point => point.xval)));
  const found = [];
  for (const point of known) {
    if (point.xval - (found.at(-1)?.at(-1).xval ?? -Infinity) > longest) found.push([]);
    found.at(-1).push(point);
  }
  return found;
}

function trace(context, points) {
  points.forEach(({ canvasx, canvasy }, i) => i ? context.lineTo(canvasx, canvasy) : context.moveTo(canvasx, canvasy));
}

function line(context, points, colour, width, dash = []) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = width;
  context.lineJoin = 'round';
  context.setLineDash(dash);
  for (const run of runs(points)) {
    context.beginPath();
    if (run.length === 1) {
      context.arc(run[0].canvasx, run[0].canvasy, width + .6, 0, 7);
      context.fill();
    } else {
      trace(context, run);
      context.stroke();
    }
  }
  context.setLineDash([]);
}

function area(context, points, bottom, colour, edge) {
  for (const run of runs(points)) {
    context.beginPath();
    trace(context, run);
    context.lineTo(run.at(-1).canvasx, bottom);
    context.lineTo(run[0].canvasx, bottom);
    context.fillStyle = colour;
    context.fill();
  }
  line(context, points, edge, 1);
}

function band(context, low, high, colour, opacity) {
  const lows = new Map((low ?? []).map(point => [point.xval, point]));
  context.fillStyle = colour;
  context.globalAlpha = opacity;
  const both = (high ?? []).map(point => lows.get(point.xval)?.yval == null ? { ...point, yval: null } : point);
  for (const run of runs(both)) {
    context.beginPath();
    trace(context, run);
    for (const point of run.toReversed()) context.lineTo(lows.get(point.xval).canvasx, lows.get(point.xval).canvasy);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** What is usual with its spread, from low to high. */
function usualBand(context, graph, steps, step, colour) {
  context.fillStyle = colour;
  context.globalAlpha = .22;
  const point = (i, side) => [graph.toDomXCoord(i * step), graph.toDomYCoord(steps[i][side])];
  for (let first = 0, i = 0; i <= steps.length; i++) {
    if (steps[i]) continue;
    if (i - first > 1) {
      context.beginPath();
      for (let k = first; k < i; k++) context.lineTo(...point(k, 'high'));
      for (let k = i - 1; k >= first; k--) context.lineTo(...point(k, 'low'));
      context.fill();
    }
    first = i + 1;
  }
  context.globalAlpha = 1;
}

/** Marks what clocks show again after they were set back. */
function again(context, graph, { x, y, w, h }, axis, colours) {
  for (const places of axis.repeated) {
    const [left, right] = places.map(place => Math.min(Math.max(x, graph.toDomXCoord(place)), x + w));
    context.fillStyle = colours.axis;
    context.globalAlpha = .12;
    context.fillRect(left, y, right - left, h);
    context.globalAlpha = 1;
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    if (context.measureText('again').width > right - left) continue;
    context.textAlign = 'center';
    context.fillText('again', (left + right) / 2, y + 12);
  }
}

/** Marks where programs restarted: a line from top to bottom that stands on a triangle. */
function restarted(context, graph, { x, y, w, h }, marks, colour) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  for (const { place } of marks) {
    const at = Math.round(graph.toDomXCoord(place)) + .5;
    if (at < x || at > x + w) continue;
    context.beginPath();
    context.moveTo(at, y);
    context.lineTo(at, y + h);
    context.stroke();
    context.beginPath();
    context.moveTo(at - 4, y + h);
    context.lineTo(at, y + h - 7);
    context.lineTo(at + 4, y + h);
    context.fill();
  }
  context.setLineDash([]);
}

/** A plotter of dygraphs that draws all columns with the first. */
export function plotter(kind, names, colours, axis, marks = [], steps = []) {
  return ({ drawingContext: context, dygraph, seriesIndex, allSeriesPoints, plotArea }) => {
    if (seriesIndex !== 0) return;
    const points = Object.fromEntries(names.map((name, i) => [name, allSeriesPoints[i]]));
    context.save();
    area(context, points.usual, plotArea.y + plotArea.h, colours.usual, colours.edge);
    usualBand(context, dygraph, steps, axis.step, colours.edge);
    again(context, dygraph, plotArea, axis, colours);
    if (kind !== 'c') band(context, points.min, points.max, colours.today, .1);
    if (kind === 'ms') {
      band(context, points.p50, points.p95, colours.today, .16);
      context.globalAlpha = .55;
      line(context, points.p95, colours.today, 1);
      line(context, points.p99, colours.today, 1, [3, 3]);
      context.globalAlpha = 1;
    }
    line(context, points.today ?? points.p50, colours.today, 2);
    restarted(context, dygraph, plotArea, marks, colours.mark);
    context.restore();
  };
}

/** The lowest and the highest value to show. A timer's slowest samples must not flatten all the others: they are cut. */
export function range(kind, names, data, [from, to]) {
  let [low, high, most] = [Infinity, 0, 0];
  names.forEach((name, column) => {
    data.columns[column].forEach((value, i) => {
      const minute = i * data.step;
      if (value == null || minute < from - data.step || minute > to) return;
      low = Math.min(low, value);
      if (kind === 'ms' && (name === 'max' || name === 'p99')) most = Math.max(most, value);
      else high = Math.max(high, value);
    });
  });
  if (high === 0 && most > 0) high = most;
  high = Math.max(high, Math.min(most, high * 1.6));
  if (low === Infinity) return [0, 1];
  // A gauge that hardly moves is shown closely; everything else from zero.
  if (kind === 'g' && low > 0 && high - low < high * .3) return [low - (high - low || high) * .15, high + (high - low || high) * .15];
  return [low < 0 ? low * 1.1 : 0, high > 0 ? high * 1.1 : low < 0 ? 0 : 1];
}

/** Ticks at round times of the clock, at least 64 pixels apart, closer only where clocks are set. */
export function ticks(axis, from, to, pixels) {
  const span = (to - from) * 64 / Math.max(64, pixels);
  const step = [1, 5, 10, 15, 30, 60, 120, 180, 240, 360].find(step => step >= span) ?? 720;
  const found = [];
  for (let v = Math.ceil(from); v <= to; v++) {
    const minute = axis.wall(v);
    if (minute % step || v - found.at(-1)?.v < step * .7) continue;
    found.push({ v, label: v === from ? '' : clock(minute) });
  }
  return found;
}

/** Ticks at round values of the unit in which a number of this size is read, about 34 pixels apart, with as many digits as tell them apart. */
export function valueTicks(unit, low, high, pixels) {
  const [scale, sign] = scaleOf(unit, Math.max(Math.abs(low), Math.abs(high)));
  const least = (high - low) / scale / Math.max(2, Math.floor(pixels / 34));
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(step => step >= least * .999);
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step * 1.001)) + (step / power === 2.5 ? 1 : 0)));
  const found = [];
  for (let i = Math.ceil(low / scale / step); i * step * scale <= high; i++) {
    const shown = fixed(i * step, digits);
    const isLong = shown.length > 9;
    found.push({ v: i * step * scale, label: i === 0 ? '0' : isLong ? valueOf(unit, i * step * scale) : `${shown}${sign && ` ${sign}`}` });
  }
  return found;
}

/**
 * `unit` is what the values are measured in; null where there are none, and so nothing on the axis. `marks` are the restarts of
 * programs: see restarts.js. `band` is that of `loadDay`.
 */
export const options = (kind, names, colours, axis, unit, marks, band) => ({
  labels: ['minute', ...names],
  colors: names.map((name, i) => i ? colours.today : colours.edge),
  series: Object.fromEntries(names.map((name, i) => [name, { highlightCircleSize: i === 1 ? 4 : i === 0 ? 3 : 0 }])),
  plotter: plotter(kind, names, colours, axis, marks, band),
  axes: {
    x: { ticker: (from, to, pixels) => ticks(axis, from, to, pixels), drawGrid: false, axisLabelWidth: 44 },
    y: { ticker: (low, high, pixels) => unit == null ? [] : valueTicks(unit, low, high, pixels), axisLabelWidth: 58 },
  },
  gridLineColor: colours.grid,
  axisLineColor: colours.grid,
  axisLabelFontSize: 12,
  interactionModel: {},
  xRangePad: 0,
  rightGap: 12,
});
