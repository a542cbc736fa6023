// Every statistic of the user as the server last told it.

/** Not heard of for longer than this is silent. */
export const SILENT_SECONDS = 300;

let ahead = 0;
let moment = null;
/** Epoch seconds by the server's clock. */
export const present = () => Date.now() / 1000 + ahead;
/** The same, or the moment that is over to which the page has gone. */
export const now = () => moment ?? present();
/** Whether the page is at a moment that is over. */
export const isPast = () => moment != null;
/** Goes to a moment; null is the present. */
export const goTo = seconds => { moment = seconds; };

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

/** What is shown first: a counter's rate per minute, a timer's mean, be it the last one that is known, or a gauge's value. */
export const shown = (stat, time) => current(stat, time) ?? stat.value;

/** The smallest and the largest sample of the last minute; null where there was none, and for counters. */
export const extremes = (stat, time) =>
  stat.kind === 'c' || stat.min == null || time - stat.seen > 60 ? null : [stat.min, stat.max];

export class Statistics {
  all = new Map();

  /** The last hours are not known to be whole: they are asked for again when somebody looks. */
  forgetHours() { for (const stat of this.all.values()) if (stat.hour) stat.hour.isStale = true; }

  /** Takes in a status; answers the statistics that were not there before. */
  apply(status) {
    // What was then says nothing of the clock.
    if (!status.step) ahead = status.at - Date.now() / 1000;
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
        if (kind === 'c') stat.since = told.since;
        else [stat.min, stat.max] = [told.min, told.max];
        if (kind === 'ms') [stat.p50, stat.p95, stat.p99] = [told.p50, told.p95, told.p99];
      }
    }
    return added;
  }
}
