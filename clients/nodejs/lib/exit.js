'use strict';

const { isMainThread } = require('worker_threads');

/** The clients that have been started: what they hold is sent when the program ends, however it ends. */
const clients = new Set();
const signals = ['SIGTERM', 'SIGINT'];
let isInstalled = false;

function install() {
  if (isInstalled) return;
  isInstalled = true;
  // The program has nothing left to do: there is time to wait for an answer.
  process.on('beforeExit', () => {
    for (const client of clients) client.drainOnce();
  });
  // It called process.exit(), or something was thrown.
  process.on('exit', () => {
    for (const client of clients) client.sendBeforeExit();
  });
  if (isMainThread) for (const signal of signals) process.on(signal, onSignal);
}

function drainAll() {
  return Promise.all([...clients].map((client) => client.drainOnce()));
}

/** A program that handles the signal itself decides when it ends; for one that does not, this ends it as the signal would. */
function onSignal(signal) {
  const isAlone = process.listenerCount(signal) === 1;
  const drained = drainAll();
  if (!isAlone) return;
  drained.then(() => {
    process.removeListener(signal, onSignal);
    process.kill(process.pid, signal);
  });
}

module.exports = {
  drainAll,
  add(client) {
    install();
    clients.add(client);
  },
  remove(client) {
    clients.delete(client);
  },
};
