// A file that the server does not serve is a page that stays empty, and one that is not named early a page that comes late.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { load, serve, source } from './page.mjs';

const read = name => readFileSync(join(source, name), 'utf8');
const modules = readdirSync(source).filter(name => name.endsWith('.js'));
const imports = name => [...read(name).matchAll(/^import [^;]*? from '\.\/([\w.]+)';/gm)].map(match => match[1]);

/** Whatever a module needs before it runs, itself among it. */
function needed(name, found = new Set([name])) {
  for (const other of imports(name)) {
    if (!found.has(other)) needed(other, found.add(other));
  }
  return found;
}

test('the server serves every module', () => {
  const embedded = read('../../C/Resources/resources.c');
  for (const name of modules) assert.ok(embedded.includes(`FILE("${name}", ${name.replaceAll(/[.-]/g, '_')}),`), name);
});

test('the page names every module that it needs, so that none waits for another', () => {
  const named = [...read('index.html').matchAll(/(?:href|src)="\/assets\/(\w+\.js)"/g)].map(match => match[1]);
  assert.deepEqual([...named].sort(), [...needed('dashboard.js')].sort());
});

test('nothing that only an opened part needs is loaded before it is opened', () => {
  const first = needed('dashboard.js');
  const later = /^(explore|board(?!ing\.)|shared|share|team|alert|backtest|channels|keys|account|join|maintenance|help|travel|marks|restarts|start|silent|landing|switcher)/;
  assert.deepEqual([...first].filter(name => later.test(name)), []);
  // The ways to them are there.
  for (const name of ['exploring.js', 'boarding.js', 'firing.js']) assert.ok(first.has(name), name);
  const styles = [...read('index.html').matchAll(/href="\/assets\/(\w+\.css)"/g)].map(match => match[1]);
  assert.deepEqual(styles, ['theme.css', 'dashboard.css']);
});

test('every module finds what it imports by name, and waits for the server before it touches the document', async () => {
  serve(() => new Promise(() => {}));
  for (const name of modules) await load(name);
});
