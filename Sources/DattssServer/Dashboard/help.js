// Keys and signs, for whoever asks: loaded no sooner.

import { $, badge, h } from './dom.js';

const key = name => h('kbd', {}, name);
const keys = names => names.split(' ').flatMap(name => [key(name), ' ']);

const rows = () => [
  [keys('/'), 'search statistics'],
  [keys('↑ ↓ ← →'), 'move about the list; move the time cursor in a plot'],
  [keys('Enter'), 'plot a statistic, or no longer; open a group'],
  [keys('f'), 'favourite, or no longer'],
  [keys('c'), 'copy the exact value; it is also shown under the mouse'],
  [keys('a'), 'alerts: what fires, and the rules'],
  [keys('b'), 'boards: plots and texts beside each other'],
  [keys('e'), 'explore: any statistics over any time in one plot'],
  [keys('t'), 'the whole page as it was at a moment: the one under the cursor of a plot, or any'],
  [keys(', . < > n'), 'there: a minute or an hour earlier or later, and back to now'],
  [keys('Alt ← →'), 'move a favourite'],
  [keys('[ ]'), 'in a plot of Explore: a stretch begins, or ends, at the cursor, and what else moved in it is listed'],
  [keys('+ - 0'), 'zoom in a plot; ', key('Shift'), ' with arrows moves the window'],
  [keys('Esc'), 'clear the search, or the cursor'],
  [['c', 'ms', 'g'].flatMap(kind => [badge(kind), ' ']), 'a counter, a timer, a gauge'],
  [[h('i.swatch')], 'the usual day: the mean of the seven days before, at the same time; around it, in which nineteen of twenty steps lie'],
  [[h('i.restart')], 'a program restarted, as far as it told while the server was up: the one that the statistic’s name begins with, '
    + 'or else any'],
  [[h('i.restart.happened')], 'something happened that somebody, or a program, has told; the words are shown under the mouse, and the tabulator '
    + 'and the arrows lead to them'],
  [['total'], 'of a counter since its first sample; under the mouse it says since when'],
];

export function showHelp() {
  const dialog = $('#help');
  if (!dialog.firstChild) {
    dialog.append(h('form', { method: 'dialog' },
      h('h2', {}, 'Keyboard and signs'),
      h('dl', {}, ...rows().map(([sign, ...words]) => h('div', {}, h('dt', {}, ...sign), h('dd', {}, ...words)))),
      h('p', {}, 'Drag in a plot to zoom, with Shift to move; a double click shows the whole day.'),
      h('button.primary', {}, 'Close')));
  }
  if (!dialog.open) dialog.showModal();
}
