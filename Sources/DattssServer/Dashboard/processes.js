// The user's programs: which are up, since when, and a button that asks one to stop.

import { ask, base } from './api.js';
import { $, confirm, h, notify, put } from './dom.js';
import { moment, span } from './format.js';
import { now } from './statistics.js';

/** What a row shows, but for the time that passes. */
const keyOf = ({ name, up, stopping, since }) => `${name} ${up} ${stopping} ${since}`;

export class Processes {
  constructor(page) {
    this.page = page;
    this.list = $('#processes');
    $('#audit').addEventListener('toggle', () => this.audit());
    if (base) $('#audit').hidden = true;
  }

  show(processes) {
    const up = processes.filter(process => process.up).length;
    put($('#processes-up'), processes.length ? `${up} of ${processes.length} up` : '');
    const sorted = [...processes].sort((a, b) => b.up - a.up || (a.name < b.name ? -1 : 1));
    // A row that stays what it is keeps its element, and with it the focus and a click that is under way.
    const before = new Map([...this.list.children].map(row => [row.key, row]));
    const rows = sorted.map(process => before.get(keyOf(process)) ?? this.#row(process));
    for (const row of [...this.list.children]) if (!rows.includes(row)) row.remove();
    rows.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null); });
    if (!processes.length) this.list.append(h('li.none', {}, 'No program has given its name yet.'));
    this.refresh();
  }

  #row(process) {
    const since = h('span.since');
    const row = h('li', { class: process.up ? 'up' : 'down' }, h('i.dot', { 'aria-hidden': 'true' }),
      h('span.name', {}, process.name), since);
    row.key = keyOf(process);
    row.describe = time => put(since, process.stopping ? 'was asked to stop'
      : `${process.up ? 'up' : 'down'} since ${moment(process.since, this.page.zone, time)} (${span(time - process.since)})`);
    if (process.up && !process.stopping && !this.page.isReadOnly) {
      const onclick = () => this.#stop(process.name);
      row.append(h('button.quiet', { type: 'button', 'aria-label': `Stop ${process.name}`, onclick }, 'Stop'));
    }
    return row;
  }

  refresh() {
    const time = now();
    for (const row of this.list.children) row.describe?.(time);
  }

  async #stop(name) {
    const isSure = await confirm(`Stop ${name}?`,
      `The program is asked through its next poll, and ends by itself. The question is kept in the history of stops.`, `Stop ${name}`);
    if (!isSure) return;
    try {
      const { processes } = await ask(`processes/${encodeURIComponent(name)}/stop`, { method: 'POST' });
      this.show(processes);
      notify(`${name} was asked to stop.`);
    } catch (error) {
      notify(`${name} was not asked: ${error.message}`, true);
    }
    this.audit();
  }

  async audit() {
    const details = $('#audit');
    if (!details.open) return;
    const list = details.querySelector('ol');
    try {
      const lines = await ask('audit');
      list.replaceChildren(...lines.map(line => {
        const what = line.action === 'process_stop' ? 'was asked to stop' : line.action;
        return h('li', {}, h('time', {}, moment(line.at, this.page.zone, now())), ' ', h('b', {}, line.what),
          ` ${what} by ${line.by}${line.address ? `, ${line.address}` : ''}`);
      }));
      if (!lines.length) list.append(h('li', {}, 'Nobody asked a program to stop.'));
    } catch (error) {
      list.replaceChildren(h('li', {}, `Not loaded: ${error.message}`));
    }
  }
}
