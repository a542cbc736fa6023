// The user's favourites, in the user's order; kept by the server.

import { ask } from './api.js';
import { notify } from './dom.js';
import { identity } from './statistics.js';

const MOST = 200;

export class Favourites {
  ids = [];
  /** What the server has. */
  #saved = [];
  isReadOnly = false;
  #saving = Promise.resolve();

  constructor(onChange) { this.onChange = onChange; }

  async load(isReadOnly) {
    this.isReadOnly = isReadOnly;
    const { favourites } = await ask('favourites');
    this.ids = this.#saved = favourites.map(({ typ, pth }) => identity(typ, pth));
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

  /** Shows at once, saves one change after the other, and takes back what the server did not take, unless more was changed since. */
  #save(ids) {
    this.ids = ids;
    this.onChange();
    const favourites = ids.map(id => ({ typ: id.slice(0, id.indexOf(':')), pth: id.slice(id.indexOf(':') + 1) }));
    this.#saving = this.#saving.then(() => ask('favourites', { method: 'PUT', body: { favourites } })).then(() => {
      this.#saved = ids;
    }, error => {
      notify(`The favourites were not saved: ${error.message}`, true);
      if (this.ids !== ids) return;
      this.ids = this.#saved;
      this.onChange();
    });
  }
}
