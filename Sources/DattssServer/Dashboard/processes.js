// The user's programs: which are up, since when, and a button that asks one to stop.

import { ask, base } from './api.js';
import { $, confirm, h, notify, put } from './dom.js';
import { moment, span } from './format.js';
import { putName } from './names.js';
import { isPast, present as now } from './statistics.js';

/** A program that went down is news for so long; then it has ended, as a job that a clock starts does. */
const NEWS_SECONDS = 900;
/** Restarts within so long are counted. */
const RESTARTS_SECONDS = 3600;

/** How a program is: `up`, `down` a moment ago, or `ended`: also one that was told to. The server forgets it after a day. */
export function state({ up, since, ended }, time) {
  return up ? 'up' : ended || time - since >= NEWS_SECONDS ? 'ended' : 'down';
}

/** How far a stop has come, of a program that is up. */
const STOPS = { asked: 'asked to stop, not told yet', told: 'told to stop', unheard: 'did not hear the stop' };

/** What is said of a program. One that restarts again and again is up all the time, and not well. */
export function words(process, time, zone) {
  const { up, since, stop, ended, restarts = [] } = process;
  const ago = at => `${moment(at, zone, time)} (${span(time - at)})`;
  if (!up) return `${ended ? 'stopped' : state(process, time) === 'down' ? 'down since' : 'ended'} ${ago(since)}`;
  if (stop) return STOPS[stop];
  const lately = restarts.filter(at => time - at < RESTARTS_SECONDS).length;
  if (lately > 1) return `${lately} restarts in 1 h, last ${moment(restarts.at(-1), zone, time)}`;
  return restarts.at(-1) > since ? `restarted ${ago(restarts.at(-1))}` : `up since ${ago(since)}`;
}

/** What stands beside the title. The programs are those of the present, also where all the rest of the page is as of a moment that is over. */
export function titleWords(processes, isPast) {
  const up = `${processes.filter(process => process.up).length} of ${processes.length} up`;
  if (isPast) return processes.length ? `as they are now: ${up}` : 'as they are now';
  return processes.length ? up : '';
}

/** Why a program was not asked to stop. */
export function refusalWords(name, { name: reason, message }) {
  if (reason === 'not_listening') return `${name} cannot be asked to stop: it sends, but does not ask whether it should. End it where it runs.`;
  if (reason === 'unknown_process') return `${name} is not up any more.`;
  return `${name} was not asked to stop: ${message}`;
}

/** What a row shows, but for the time that passes. */
const keyOf = (process, time) => JSON.stringify([process.name, state(process, time), process.stop, process.polls]);

export class Processes {
  #processes = [];
  #refreshedAt = 0;
  /** By name. */
  #rows = new Map();

  constructor(page) {
    this.page = page;
    this.list = $('#processes');
    $('#audit').addEventListener('toggle', () => this.audit());
    if (base) $('#audit').hidden = true;
  }

  /** As the server last told them. */
  get all() { return this.#processes; }

  show(processes) {
    this.#processes = processes;
    const time = this.#refreshedAt = now();
    const sorted = [...processes].sort((a, b) => b.up - a.up || (a.name < b.name ? -1 : 1));
    // A row that stays what it is keeps its element, and with it the focus and a click that is under way.
    const rows = sorted.map(process => {
      const before = this.#rows.get(process.name);
      return before?.key === keyOf(process, time) ? before : this.#row(process, time);
    });
    this.#rows = new Map(sorted.map(({ name }, i) => [name, rows[i]]));
    sorted.forEach(({ name }, i) => putName(rows[i].querySelector('.name'), name, [sorted[i - 1]?.name, sorted[i + 1]?.name]));
    for (const row of [...this.list.children]) if (!rows.includes(row)) row.remove();
    rows.forEach((row, i) => { if (this.list.children[i] !== row) this.list.insertBefore(row, this.list.children[i] ?? null); });
    if (!processes.length) this.list.append(h('li.none', {}, 'No program has given its name yet.'));
    this.refresh();
  }

  #row(process, time) {
    const since = h('span.since');
    const { name, up, polls, stop } = process;
    const row = h('li', { class: state(process, time) }, h('i.dot', { 'aria-hidden': 'true' }), h('span.name', { title: name }), since);
    row.key = keyOf(process, time);
    row.describe = (process, time) => put(since, words(process, time, this.page.zone));
    const button = (text, onclick) => row.append(h('button.quiet', { type: 'button', 'aria-label': `${text} ${name}`, onclick }, text));
    if (this.page.isReadOnly) return row;
    if (!up) button('Remove', () => this.#remove(name));
    else if (polls && stop !== 'asked') button(stop ? 'Stop again' : 'Stop', () => this.#stop(name));
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
    put($('#processes-up'), titleWords(this.#processes, isPast()));
    for (const process of this.#processes) this.#rows.get(process.name)?.describe(process, time);
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
      notify(refusalWords(name, error), true);
    }
    this.audit();
  }

  /** Takes a program that is down out of the list; nothing is lost, and it comes back when it is heard of. */
  async #remove(name) {
    try {
      const { processes } = await ask(`processes/${encodeURIComponent(name)}`, { method: 'DELETE' });
      this.show(processes);
      notify(`${name} is off the list. It comes back when it sends.`);
    } catch (error) {
      notify(error.name === 'still_up' ? `${name} is up again.` : `${name} was not removed: ${error.message}`, true);
    }
  }

  async audit() {
    const details = $('#audit');
    if (!details.open) return;
    const list = details.querySelector('ol');
    try {
      const lines = (await ask('audit')).filter(({ action }) => action === 'process_stop');
      list.replaceChildren(...lines.map(line => {
        return h('li', {}, h('time', {}, moment(line.at, this.page.zone, now())), ' ', h('b', {}, line.what),
          ` was asked to stop by ${line.by}${line.address ? `, ${line.address}` : ''}`);
      }));
      if (!lines.length) list.append(h('li', {}, 'Nobody asked a program to stop.'));
    } catch (error) {
      list.replaceChildren(h('li', {}, `Not loaded: ${error.message}`));
    }
  }
}
