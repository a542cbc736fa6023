// Every statistic of the user as the server last told it, and the stream that tells.

import { base } from './api.js';

/** Not heard of for longer than this is silent. */
export const SILENT_SECONDS = 300;

let ahead = 0;
/** Epoch seconds by the server's clock. */
export const now = () => Date.now() / 1000 + ahead;

/** A statistic is `kind:path`. */
export const identity = (kind, path) => `${kind}:${path}`;
export function parse(id) {
  const [, kind, path] = id.match(/^(c|ms|g):([A-Za-z0-9_.:!-]{1,255})$/) ?? [];
  return path ? { id, kind, path, seen: 0 } : null;
}

/** The moving average in the unit shown: counters per minute. It ends a minute after the last sample. */
export function average(stat, time) {
  if (time - stat.seen > 60) return stat.kind === 'c' && stat.seen ? 0 : null;
  return stat.kind === 'c' ? stat.avg * 60 : stat.avg;
}

/** What is compared with the usual. */
export const current = (stat, time) => stat.kind === 'g' ? stat.value : average(stat, time);

export class Statistics {
  all = new Map();

  /** Takes in a status; answers the statistics that were not there before. */
  apply(status) {
    ahead = status.at - Date.now() / 1000;
    const added = [];
    for (const kind of ['c', 'g', 'ms']) {
      for (const told of status[kind]) {
        const id = identity(kind, told.pth);
        let stat = this.all.get(id);
        if (!stat) {
          stat = { id, kind, path: told.pth, folded: told.pth.toLowerCase(), hour: null };
          this.all.set(id, stat);
          added.push(stat);
        }
        stat.value = kind === 'c' ? told.sum : kind === 'g' ? told.lst : told.avg;
        stat.avg = told.avg;
        stat.emp = told.emp;
        stat.seen = told.seen;
        if (kind === 'ms') [stat.p50, stat.p95, stat.p99] = [told.p50, told.p95, told.p99];
      }
    }
    return added;
  }
}

/** Server-sent events, for as long as the page is open; `onState(since)` tells since when there are none, or null. */
export function listen({ onStatus, onProcesses, onState }) {
  let since = null;
  let wait = 1000;
  let source = null;
  const open = () => {
    source = new EventSource(`${base}/api/v1/live`);
    source.addEventListener('open', () => { since = null; wait = 1000; onState(null); });
    source.addEventListener('status', event => onStatus(event.data));
    source.addEventListener('processes', event => onProcesses(JSON.parse(event.data).processes));
    source.addEventListener('error', () => {
      since ??= Date.now() / 1000;
      onState(since);
      // After an answer that is no stream the browser gives up; we do not.
      if (source.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(() => source ?? open(), wait);
      wait = Math.min(wait * 2, 15000);
    });
  };
  open();
  // A browser has six connections for all tabs of a server: a tab that nobody sees for long gives its own back.
  let leaving = 0;
  const leave = () => { source?.close(); source = null; };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (!document.hidden) source ?? open();
    else leaving = setTimeout(leave, 60000);
  });
  addEventListener('pagehide', leave);
  addEventListener('pageshow', event => { if (event.persisted) source ?? open(); });
}
