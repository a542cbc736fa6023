// The page of a user all of whose statistics have long been silent: what there is of them.

import { ask } from './api.js';
import { $, badge, h } from './dom.js';
import { date, moment } from './format.js';
import { identity, now } from './statistics.js';

/** The address of the last day of a silent statistic, in a view that else stays as it is. */
export const addressOf = ({ typ, pth, seen }, view) =>
  Object.assign(Object.create(view), { shown: [identity(typ, pth)], day: date(seen, view.zone), zoom: null }).address();

/** Shows what was sent last, unless something comes meanwhile; answers whether there is anything. */
export async function showSilent(page, session) {
  const { statistics } = await ask('silent');
  if (page.isStarted) return true;
  if (!statistics.length) return false;
  const { view } = page;
  const told = statistic => {
    const name = h('a', { href: addressOf(statistic, view) }, statistic.pth);
    return h('li', {}, badge(statistic.typ), ' ', name, ' ', h('small', {}, `last sent ${moment(statistic.seen, view.zone, now())}`));
  };
  const start = () => import('./start.js').then(({ showStart }) => showStart(session));
  $('#start').replaceChildren(
    h('h1', {}, 'Nothing has come for a while'),
    h('p', {}, 'The past is still here. What was sent last:'),
    h('ul.silent', {}, ...statistics.map(told)),
    session.key && h('div.actions', {}, h('button.primary', { type: 'button', onclick: start }, 'How to send')),
    h('p.waiting', { role: 'status' }, h('i.dot'), ' Waiting for a sample …'));
  $('#start').hidden = false;
  return true;
}
