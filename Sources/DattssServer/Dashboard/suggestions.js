// What to look at first, for those who have no favourites yet.

import { average, SILENT_SECONDS } from './statistics.js';

const MOST = 4;
/** What the server's own page opens with: what it takes in, what that costs, and before all what it refuses. */
const OF_SERVER = ['c:ingest.samples', 'c:udp.samples', 'ms:log.sync', 'g:processor.percent', 'g:memory.bytes', 'g:log.minutes.bytes',
  'g:log.replay.seconds', 'g:pipeline.queued'];

/** Words of names that tell how something does, and of those that only tell how much of something there is. */
const TELLING = /(^|[._:-])(cpu|processor|load\d*|percent|pct|util|utili[sz]ation|busy|latency|errors?|failed|failures?|queued?|requests?|orders?)([._:-]|$)/i;
const BARE = /(^|[._:-])(bytes|octets|size|total|free|available|capacity|limit|max|uptime|boot|inodes?)([._:-]|$)/i;

const appeal = path => (TELLING.test(path) ? 2 : 1) - (BARE.test(path) ? 1 : 0);

/**
 * Identities of a few statistics of each kind: what is emphasised, what is not silent, and what tells most. Numbers of different
 * things do not compare: a disk has more bytes than a processor has load. So only counters go by how much there is, which is
 * how often something happens.
 */
export function suggested(all, time) {
  const much = stat => Math.min(1e9, Math.abs(average(stat, time) ?? 0));
  const weight = stat => (stat.emp ? 1e15 : 0) + (time - stat.seen < SILENT_SECONDS ? 1e13 : 0) + appeal(stat.path) * 1e10
    + (stat.kind === 'g' ? 0 : much(stat));
  const best = kind => [...all.values()].filter(stat => stat.kind === kind)
    .sort((a, b) => weight(b) - weight(a) || (a.path < b.path ? -1 : 1));
  const [c, ms, g] = [best('c'), best('ms'), best('g')];
  const order = [c[0], ms[0], g[0], c[1], ms[1], c[2], g[1], ...c.slice(3), ...g.slice(2), ...ms.slice(2)].filter(Boolean);
  return order.slice(0, MOST).map(stat => stat.id);
}

/** The same for the server's own statistics. */
export function suggestedOfServer(all) {
  const refused = [...all.values()].filter(stat => /\.refused\./.test(stat.path) && stat.value > 0);
  return [...refused.map(stat => stat.id), ...OF_SERVER.filter(id => all.has(id))];
}

/** Whether a suggestion is as long as it gets. */
export const isComplete = ids => ids.length >= MOST;
