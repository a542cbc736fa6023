// The user's programs: which are up, since when, and a button that asks one to stop.

import { ask, base } from './api.js';
import { $, confirm, h, notify, put } from './dom.js';
import { moment, span } from './format.js';
import { putName } from './names.js';
import { now } from './statistics.js';

/** A program that went down is news for so long; then it has ended, as a job that a clock starts does. */
const NEWS_SECONDS = 900;
/** Then it is out of sight, until somebody looks. */
const GONE_SECONDS = 86400;

/** How a program is: `up`, `down` a moment ago, `ended`, or `gone`. */
export function state({ up, since }, time) {
  if (up) return 'up';
  return time - since < NEWS_SECONDS ? 'down' : time - since < GONE_SECONDS ? 'ended' : 'gone';
}

/** What a row shows, but for the time that passes. */
const keyOf = (process, time) => {
  const { name, stopping, polls, since } = process;
  return `${name} ${state(process, time)} ${stopping} ${polls} ${since}`;
};

export class Processes {
  #processes = [];
  #refreshedAt = 0;

  constructor(page) {
    this.page = page;
    this.list = $('#processes');
    $('#audit').addEventListener('toggle', () => this.audit());
    if (base) $('#audit').hidden = true;
    $('#gone').addEventListener('toggle', () => this.show(this.#processes));
  }

  show(processes) {
    this.#processes = processes;
    const time = this.#refreshedAt = now();
    const gone = processes.filter(process => state(process, time) === 'gone').length;
    $('#gone').hidden = gone === 0;
    put($('#gone summary'), `${gone} not heard of since yesterday`);
    const up = processes.filter(process => process.up).length;
    put($('#processes-up'), processes.length ? `${up} of ${processes.length} up` : '');
    const sorted = processes.filter(process => $('#gone').open || state(process, time) !== 'gone').sort((a, b) => b.up - a.up || (a.name < b.name ? -1 : 1));
    // A row that stays what it is keeps its element, and with it the focus and a click that is under way.
    const before = new Map([...this.list.children].map(row => [row.key, row]));
    const rows = sorted.map(process => before.get(keyOf(process, time)) ?? this.#row(process, time));
    sorted.forEach(({ name }, i) => putName(rows[i].querySelector('.name'), name, [sorted[i - 1]?.name, sorted[i + 1]?.name]));
    for (const row of [...this.list.children]) if (!rows.includes(row)) row.remove();
    rows.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null); });
    if (!processes.length) this.list.append(h('li.none', {}, 'No program has given its name yet.'));
    this.refresh();
  }

  #row(process, time) {
    const since = h('span.since');
    const now = state(process, time);
    const name = h('span.name', { title: process.name });
    const row = h('li', { class: now }, h('i.dot', { 'aria-hidden': 'true' }), name, since);
    row.key = keyOf(process, time);
    row.describe = time => put(since, process.stopping ? 'was asked to stop'
      : `${now === 'up' || now === 'down' ? now : 'ended'} ${process.up || now === 'down' ? 'since ' : ''}${moment(process.since, this.page.zone, time)} (${span(time - process.since)})`);
    if (process.polls && !process.stopping && !this.page.isReadOnly) {
      const onclick = () => this.#stop(process.name);
      row.append(h('button.quiet', { type: 'button', 'aria-label': `Stop ${process.name}`, onclick }, 'Stop'));
    }
    return row;
  }

  refresh() {
    const time = now();
    // A row becomes another one as time passes.
    if (this.#processes.some(process => state(process, time) !== state(process, this.#refreshedAt))) {
      this.#refreshedAt = time;
      return this.show(this.#processes);
    }
    this.#refreshedAt = time;
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
