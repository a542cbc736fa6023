// The user's favourites, in the user's order; kept by the server, and changed in as many tabs and browsers as there are.

import { ask } from './api.js';
import { notify } from './dom.js';
import { identity } from './statistics.js';

const MOST = 200;
/** So often a change is merged with those of others before it is given up. */
const TRIES = 5;

const idsOf = ({ favourites }) => favourites.map(({ typ, pth }) => identity(typ, pth));

/** What becomes of a list when somebody changed it to `mine`, and somebody else to `theirs`: the changes of both. */
export function merged(base, mine, theirs) {
  const stay = theirs.filter(id => mine.includes(id) || !base.includes(id));
  const added = mine.filter(id => !base.includes(id) && !stay.includes(id));
  const isMoved = mine.filter(id => base.includes(id)).join() !== base.filter(id => mine.includes(id)).join();
  const all = isMoved
    ? [...mine.filter(id => stay.includes(id) || added.includes(id)), ...stay.filter(id => !mine.includes(id))]
    : [...stay, ...added];
  return all.slice(0, MOST);
}

export class Favourites {
  ids = [];
  /** What the server has, and what it calls that. */
  #saved = [];
  #version = null;
  isReadOnly = false;
  #saving = Promise.resolve();
  /** Tells the other tabs of this browser; those of others look when somebody looks at them. */
  #tabs = typeof BroadcastChannel === 'function' && typeof window === 'object' ? new BroadcastChannel('favourites') : null;

  constructor(onChange) {
    this.onChange = onChange;
    this.#tabs?.addEventListener('message', () => this.refresh());
  }

  async load(isReadOnly) {
    this.isReadOnly = isReadOnly;
    await this.#read();
  }

  has(id) { return this.ids.includes(id); }

  toggle(id) {
    if (this.isReadOnly) return notify('These favourites are for looking only.');
    if (this.has(id)) this.#save(this.ids.filter(other => other !== id));
    else if (this.ids.length >= MOST) notify(`${MOST} favourites are the most.`, true);
    else this.#save([...this.ids, id]);
  }

  /** Moves one to another place. */
  move(id, place) {
    const ids = this.ids.filter(other => other !== id);
    ids.splice(Math.min(Math.max(0, place), ids.length), 0, id);
    if (ids.join() !== this.ids.join()) this.#save(ids);
  }

  /** Takes in what was changed elsewhere. */
  refresh() {
    // What cannot be read now is read the next time.
    this.#saving = this.#saving.then(() => this.#read()).catch(() => {});
    return this.#saving;
  }

  /** Reads what the server has; changes of ours that it does not have yet stay. */
  async #read() {
    const answer = await ask('favourites');
    const theirs = idsOf(answer);
    const ids = merged(this.#saved, this.ids, theirs);
    [this.#saved, this.#version] = [theirs, answer.version];
    if (ids.join() === this.ids.join()) return;
    this.ids = ids;
    this.onChange();
  }

  /** Shows at once, saves one change after the other, and takes back what the server did not take, unless more was changed since. */
  #save(ids) {
    this.ids = ids;
    this.onChange();
    this.#saving = this.#saving.then(() => this.#send(TRIES)).catch(error => {
      notify(`The favourites were not saved: ${error.message}`, true);
      if (this.ids.join() === this.#saved.join()) return;
      this.ids = this.#saved;
      this.onChange();
    });
  }

  async #send(tries) {
    const { ids } = this;
    if (ids.join() === this.#saved.join()) return;
    const favourites = ids.map(id => ({ typ: id.slice(0, id.indexOf(':')), pth: id.slice(id.indexOf(':') + 1) }));
    try {
      const answer = await ask('favourites', { method: 'PUT', body: { favourites, version: this.#version ?? undefined } });
      [this.#saved, this.#version] = [ids, answer?.version];
      this.#tabs?.postMessage('changed');
    } catch (error) {
      if (error.name !== 'outdated' || tries === 0) throw error;
      await this.#read();
      await this.#send(tries - 1);
    }
  }
}
