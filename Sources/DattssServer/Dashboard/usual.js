// How a statistic stands to what is usual at this time of day, and the verdict over several.

import { compare, versus } from './comparison.js';
import { change, number, span, valueOf } from './format.js';
import { current, SILENT_SECONDS } from './statistics.js';

/** Closer than this is said to be as usual. */
const AS_USUAL = .05;
/** So many times as far off as what is still usual is unusual, and less than this is not any more: in between the verdict stays. */
const UNUSUAL = 2;
const CALM = 1;
/** What silence weighs in the verdict: as much as a hundredth of the usual. */
const SILENT_RATIO = .01;
const MOST_NAMED = 3;
/** A counter is compared over as many minutes as should bring this many: of fewer, chance would have the word. */
const ENOUGH = 10;
/** So many minutes of the last hour are over. */
const HOUR_MINUTES = 59;

const isNear = (count, mean) => Math.abs(count - mean) < 3 * Math.sqrt(Math.max(1, mean));

/** How far off a value is, in parts of what is still usual; null where that is not known yet. */
function reach(value, usual, band) {
  if (value === usual) return 0;
  return band ? Math.abs(value - usual) / Math.max(Number.MIN_VALUE, value > usual ? band.above : band.below) : null;
}

/** The counts of the last minutes that are over; null when they are not known. */
function counts(stat, minutes) {
  if (!stat.hour || stat.hour.isStale) return null;
  return stat.hour.values.slice(-1 - minutes, -1).map(value => value ?? 0);
}

/** Whether a counter is no farther from the mean, in this minute and the last five, than chance takes it now and then. */
function isChance(stat, count, mean) {
  const five = counts(stat, 5)?.reduce((sum, value) => sum + value, 0);
  return isNear(count, mean) && (five == null || isNear(five, 5 * mean));
}

/**
 * Whether silence says something. That of a rare counter does not, until seven should have come: then there is none by chance
 * once in a thousand times (e^-7).
 */
function isMissed(stat, mean, time) {
  return stat.kind !== 'c' || mean * (time - stat.seen) / 60 > 7;
}

const usually = ({ kind }, unit, usual) => kind === 'c' && usual === 0 ? 'usually none' : `usually ${valueOf(unit, usual)}`;

/**
 * A rare counter over the minutes that it takes to say something, as `{ words, isUnusual, isClose, isAbove, ratio }`; null when they
 * are not known, or when one minute says it: there are enough, or so many that it is no chance.
 */
function standingOfRare(stat, { now, hour, band }, shown) {
  if (stat.kind !== 'c' || !(now > 0) || now >= ENOUGH || !isNear(shown, now)) return null;
  const minutes = Math.min(HOUR_MINUTES, Math.ceil(ENOUGH / now));
  const known = counts(stat, minutes);
  if (!known) return { words: '', isUnusual: false, isClose: false };
  const usual = minutes > 15 ? hour ?? now : now;
  const found = compare(known, known.map(() => usual));
  const [count, expected] = [found.value * minutes, usual * minutes];
  const during = minutes === HOUR_MINUTES ? '1 h' : span(minutes * 60);
  const isChance = isNear(count, expected);
  const distance = Math.abs(found.value - usual) / usual;
  const text = expected < ENOUGH - 1 ? `${number(count)} in ${during}, usually ${number(Math.round(expected * 10) / 10)}`
    : distance < AS_USUAL ? 'as usual' : `${versus('number', found)} vs usual (${during})`;
  return {
    words: text, isUnusual: Boolean(band) && !isChance, isClose: isChance, isAbove: count > expected,
    ratio: found.value / usual,
  };
}

/**
 * Compares a statistic with its usual value, `{ now, hour, band }` as `UsualNow` has it: null where there is none, undefined while it is
 * asked for. Without a band nothing is unusual yet. `unit` is what it is measured in, and `was` whether it was unusual before.
 *
 * The answer has `words` for a card, `isSilent`, whether it was compared (`isCompared`), and whether it `isUnusual`; then also
 * whether it `isAbove`, the `news` for the verdict, and how far off it is (`weight`). A ratio makes sense only to a usual value
 * above zero: where usually nothing comes, anything beyond chance is unusual.
 */
export function standing(stat, told, time, unit = stat.kind, was = false) {
  const usual = told == null ? told : told.now;
  const isSilent = time - stat.seen > SILENT_SECONDS;
  const found = { isSilent, isCompared: false, isUnusual: false, isClose: false };
  if (usual == null) return { ...found, words: usual === null ? 'no usual yet' : '' };
  const words = usually(stat, unit, usual);
  if (isSilent) {
    const isUnusual = stat.seen > 0 && isMissed(stat, usual, time);
    return { ...found, words, isCompared: isUnusual, isUnusual, isAbove: false, news: 'is silent', weight: -Math.log(SILENT_RATIO) };
  }
  const shown = current(stat, time);
  if (shown == null) return { ...found, words };
  const rare = standingOfRare(stat, told, shown);
  if (rare) {
    const { ratio, ...stands } = rare;
    const weight = ratio == null ? 0 : Math.abs(Math.log(Math.max(ratio, SILENT_RATIO)));
    return { isSilent, isCompared: ratio != null, ...stands, news: ratio == null ? '' : change(ratio), weight };
  }
  const distance = shown === usual ? 0 : Math.abs(shown - usual) / Math.abs(usual);
  const far = reach(shown, usual, told.band);
  const isUnusual = far != null && far >= (was ? CALM : UNUSUAL) && !(stat.kind === 'c' && isChance(stat, shown, usual));
  const compared = compare([shown], [usual]);
  return {
    isSilent, isCompared: true, isUnusual, isClose: far != null && far < UNUSUAL, isAbove: shown > usual,
    words: distance < AS_USUAL ? 'as usual' : usual > 0 ? `${versus(unit, compared)} vs usual` : words,
    news: usual > 0 ? change(shown / usual) : `is ${valueOf(unit, shown)}, ${words}`,
    weight: usual > 0 ? Math.abs(Math.log(Math.max(shown / usual, SILENT_RATIO))) : distance,
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
