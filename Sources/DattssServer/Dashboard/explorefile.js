// What is seen as a file: numbers as CSV, the picture as SVG or PNG.

import { h } from './dom.js';
import { colours, draw } from './exploredraw.js';

const SIZE = { width: 1200, height: 560 };

/** A cell as RFC 4180 has it. What a spreadsheet would take for a formula begins with an apostrophe. */
export const cell = text => {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Times in UTC, a column a line, all digits, with a point. */
export function csvOf(data) {
  const rows = [['time', ...data.lines.flatMap(line => [line.title, ...line.before ? [`${line.title} before`] : []])]];
  for (let i = 0; i < data.count; i++) {
    const at = new Date((data.from + i * data.step * 60) * 1000).toISOString().replace('.000', '');
    rows.push([at, ...data.lines.flatMap(line => [line.values[i], ...line.before ? [line.before[i]] : []]).map(value => value ?? '')]);
  }
  return rows.map(row => row.map(value => cell(String(value))).join(',')).join('\r\n') + '\r\n';
}

export function svgOf({ data, plot, isShown, happened }) {
  return new XMLSerializer().serializeToString(draw(data, plot, colours(), { ...SIZE, isShown, isWhole: true, marks: happened?.marks }).element);
}

/** Twice as many pixels, for dense screens. */
export async function pngOf(shown) {
  const picture = new Image();
  picture.src = `data:image/svg+xml,${encodeURIComponent(svgOf(shown))}`;
  await picture.decode();
  const canvas = h('canvas', { width: SIZE.width * 2, height: SIZE.height * 2 });
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob ? resolve(blob) : reject(new Error('the browser made no picture'))));
}

const TYPES = { csv: 'text/csv', svg: 'image/svg+xml' };

/** Makes a file of what a plot shows: `csv`, `svg` or `png`. */
export async function fileOf(type, shown) {
  if (type === 'png') return pngOf(shown);
  return new Blob([type === 'csv' ? csvOf(shown.data) : svgOf(shown)], { type: TYPES[type] });
}

/** Saves it under a name that tells what it is. */
export async function save(type, shown) {
  const what = (shown.plot.title || shown.plot.queries.map(({ pattern }) => pattern).join(' ')).replace(/[^\w.-]+/g, '_').slice(0, 80);
  const link = h('a', { href: URL.createObjectURL(await fileOf(type, shown)), download: `${what || 'plot'}.${type}` });
  link.click();
  // (The browser has taken it by then.)
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
