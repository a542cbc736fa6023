// The dashboard's modules without a browser: as files that node takes for modules, a clock that the test sets, and a server
// that answers what the test says.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const source = fileURLToPath(new URL('../../Sources/DattssServer/Dashboard/', import.meta.url));

// The browser knows modules by their type, node by a file beside them.
const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
cpSync(source, folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');

/** A module of the dashboard, by the name of its file. */
export const load = name => import(pathToFileURL(join(folder, name)));

/** 2026-11-29 12:00 UTC, a Sunday. */
export const NOON = Date.UTC(2026, 10, 29, 12) / 1000;
export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86400;

/** Sets the hands of the browser's clock to epoch seconds. */
export function setClock(seconds) { Date.now = () => seconds * 1000; }
setClock(NOON);

/** What the modules need of a browser when they are loaded. */
globalThis.location = { pathname: '/', origin: 'http://stats.example', hostname: 'stats.example', search: '', hash: '', href: 'http://stats.example/' };
globalThis.matchMedia = () => ({ matches: false });

/** An element that takes whatever it is given; the tests look at nothing of it. */
class AnyElement {
  append() {}
  remove() {}
  setAttribute() {}
  addEventListener() {}
}
globalThis.document = { querySelector: () => new AnyElement(), createElement: () => new AnyElement(), hidden: false };

/** Opens an address, as far as modules look at it. */
export function openAddress(hash) {
  location.hash = hash;
  location.href = `${location.origin}${location.pathname}${hash}`;
}

/** Lets `answer(path, options)` answer requests: with JSON, or by throwing when there is no connection. Returns the paths that were asked for. */
export function serve(answer) {
  const asked = [];
  globalThis.fetch = async (path, options) => {
    asked.push(path);
    const json = await answer(path, options);
    if (json instanceof Refused) {
      return { ok: false, status: json.status, text: async () => JSON.stringify({ error: { name: json.name } }), headers: new Map() };
    }
    return { ok: true, text: async () => JSON.stringify(json), headers: new Map() };
  };
  return asked;
}

class Refused { constructor(status, name) { Object.assign(this, { status, name }); } }
/** What `answer` returns to refuse. */
export const refused = (status, name) => new Refused(status, name);

/** Everything that is ready has happened afterwards. */
export const settled = () => new Promise(setImmediate);

/** A statistic as the stream tells it, heard of a second ago. */
export const statistic = (kind, path, values = {}) => ({
  id: `${kind}:${path}`, kind, path, folded: path.toLowerCase(), hour: null, emp: false, seen: NOON - 1, value: 0, avg: 0, ...values,
});
