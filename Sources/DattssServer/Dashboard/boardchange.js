// Changes of a board's document, each as a value, so that one that somebody else's change came before can be made once more on theirs.

import { AddressError, emptyPlot, readPlot, writePlot } from './exploreaddress.js';

export const PANELS_MAX = 50;
export const TEXT_BYTES_MAX = 10_000;
export const TITLE_MAX = 120;
export const NAME_MAX = 64;

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Where a panel is in a board: where it was, or the first that is the same; -1 when it is not there any more. */
function place(panels, panel, at) {
  return same(panels[at], panel) ? at : panels.findIndex(other => same(other, panel));
}

/**
 * The board after a change; null when the panel that is changed is not there any more.
 * A change is `{ add: panel, at }`, `{ remove: panel, at }`, `{ move: panel, at, to }`, `{ put: panel, at, as: panel }` or `{ rename: name }`.
 */
export function changed(board, change) {
  const panels = [...board.panels];
  if (change.rename != null) return { ...board, name: change.rename };
  if (change.add) {
    panels.splice(change.at ?? panels.length, 0, change.add);
    return { ...board, panels };
  }
  const panel = change.remove ?? change.move ?? change.put;
  const index = place(panels, panel, change.at);
  if (index < 0) return null;
  panels.splice(index, 1);
  if (change.move) panels.splice(Math.min(Math.max(0, change.to), panels.length), 0, panel);
  if (change.put) panels.splice(index, 0, change.as);
  return { ...board, panels };
}

/** What takes a change back. */
export function reverse(board, change) {
  if (change.rename != null) return { rename: board.name };
  if (change.add) return { remove: change.add, at: change.at ?? board.panels.length };
  if (change.remove) return { add: change.remove, at: change.at };
  if (change.move) return { move: change.move, at: change.to, to: change.at };
  return { put: change.as, at: change.at, as: change.put };
}

/** What a panel is called. */
export function titleOf(panel) {
  if (panel.title || panel.type !== 'plot') return panel.title;
  try {
    const plot = readPlot(panel.address);
    return plot.title || plot.queries.map(({ pattern }) => pattern).join(', ');
  } catch {
    return 'A plot';
  }
}

// MARK: Time

/** The time that all plots of a board show, as its address says: `{ range, from, to }`; null: each its own. Throws an AddressError. */
export function readTime(text) {
  const said = new URLSearchParams(text);
  if (![...said.keys()].some(name => ['range', 'from', 'to'].includes(name))) return null;
  const { range, from, to } = readPlot(new URLSearchParams([...said].filter(([name]) => ['range', 'from', 'to'].includes(name))));
  return { range, from, to };
}

/** The same in an address; an empty text for none. */
export function writeTime(time) {
  if (!time) return '';
  const all = new URLSearchParams(writePlot({ ...emptyPlot(), ...time }));
  return ['range', 'from', 'to'].filter(name => all.has(name)).map(name => `${name}=${all.get(name)}`).join('&');
}

/** The address of a plot over the time of its board. One that is wrong stays as it is, and the plot says why. */
export function addressAt(panel, time) {
  try {
    return writePlot({ ...readPlot(panel.address), ...time });
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    return panel.address;
  }
}

// MARK: On the wall

/** What a wall shows next: another screen of a board that is longer, or the board behind it. `{ board, screen }` */
export function nextScreen({ board, screen }, count, screens, step = 1) {
  const next = screen + step;
  if (next >= 0 && next < screens) return { board, screen: next };
  return { board: count ? (board + Math.sign(step) + count) % count : 0, screen: 0 };
}

/** The address of a board: what stands behind the #. */
export const addressOfBoard = (name, time) => `#board/${encodeURIComponent(name)}${time ? `?${writeTime(time)}` : ''}`;
