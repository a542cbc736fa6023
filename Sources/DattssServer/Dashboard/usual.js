// How a statistic stands to what is usual at this time of day, and the verdict over several.

import { change, valueOf } from './format.js';
import { current, SILENT_SECONDS } from './statistics.js';

/** Closer than this is as usual; farther than that is worth a look. */
const AS_USUAL = .05;
const UNUSUAL = .3;
/** What silence weighs in the verdict: as much as a hundredth of the usual. */
const SILENT_RATIO = .01;
const MOST_NAMED = 3;

/** Whether a counter is no farther from the mean, in this minute and the last five, than chance takes it now and then. */
function isChance(stat, count, mean) {
  const isNear = (count, mean) => Math.abs(count - mean) < 3 * Math.sqrt(Math.max(1, mean));
  const five = stat.hour?.isStale ? null : stat.hour?.values.slice(-6, -1).reduce((sum, value) => sum + value, 0);
  return isNear(count, mean) && (five == null || isNear(five, 5 * mean));
}

/**
 * Whether silence says something. That of a rare counter does not, until seven should have come: then there is none by chance
 * once in a thousand times (e^-7).
 */
function isMissed(stat, mean, time) {
  return stat.kind !== 'c' || mean * (time - stat.seen) / 60 > 7;
}

const usually = ({ kind }, usual) => kind === 'c' && usual === 0 ? 'usually none' : `usually ${valueOf(kind, usual)}`;

/**
 * Compares a statistic with its usual value: null where there is none, undefined while it is asked for.
 *
 * The answer has `words` for a card, `isSilent`, whether it was compared (`isCompared`), and whether it `isUnusual`; then also
 * whether it `isAbove`, the `news` for the verdict, and how far off it is (`weight`). A ratio makes sense only to a usual value
 * above zero: where usually nothing comes, anything beyond chance is unusual.
 */
export function standing(stat, usual, time) {
  const isSilent = time - stat.seen > SILENT_SECONDS;
  const found = { isSilent, isCompared: false, isUnusual: false, isClose: false };
  if (usual == null) return { ...found, words: usual === null ? 'no usual yet' : '' };
  const words = usually(stat, usual);
  if (isSilent) {
    const isUnusual = stat.seen > 0 && isMissed(stat, usual, time);
    return { ...found, words, isCompared: isUnusual, isUnusual, isAbove: false, news: 'is silent', weight: -Math.log(SILENT_RATIO) };
  }
  const shown = current(stat, time);
  if (shown == null) return { ...found, words };
  const distance = shown === usual ? 0 : Math.abs(shown - usual) / Math.abs(usual);
  const isUnusual = distance >= UNUSUAL && !(stat.kind === 'c' && isChance(stat, shown, usual));
  const ratio = shown / usual;
  return {
    isSilent, isCompared: true, isUnusual, isClose: distance < UNUSUAL, isAbove: shown > usual,
    words: distance < AS_USUAL ? 'as usual' : usual > 0 ? `${change(ratio)} vs usual` : words,
    news: usual > 0 ? change(ratio) : `is ${valueOf(stat.kind, shown)}, ${words}`,
    weight: usual > 0 ? Math.abs(Math.log(Math.max(ratio, SILENT_RATIO))) : distance,
  };
}

/** One sentence over what was compared, each with its `name` and `standing`: what is farthest from usual comes first. */
export function verdict(compared) {
  const all = compared.filter(({ standing }) => standing.isCompared);
  const unusual = all.filter(({ standing }) => standing.isUnusual).sort((a, b) => b.standing.weight - a.standing.weight || 0);
  if (!unusual.length) return { isUnusual: false, text: all.length ? 'All as usual.' : '' };
  const named = unusual.slice(0, MOST_NAMED).map(({ name, standing }) => `${name} ${standing.news}`);
  const more = unusual.length > MOST_NAMED ? ` and ${unusual.length - MOST_NAMED} more` : '';
  return { isUnusual: true, text: `Unusual: ${named.join(', ')}${more}` };
}
