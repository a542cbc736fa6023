// Rules of alerts in words, and what can be found out about them without asking the server.

import { exact, moment, valueOf } from './format.js';
import { parse } from './statistics.js';
import { unitOf } from './units.js';

/** The states of a rule, the most urgent first. */
export const STATES = {
  firing: 'Firing', acknowledged: 'Acknowledged', silenced: 'Silenced', pending: 'Pending', 'no-data': 'No data', ok: 'OK', off: 'Off',
};
export const SEVERITIES = ['critical', 'warning', 'info'];

/** What can be looked at: in words, of which kinds it is, and in what unit: the statistic's own, or a plain number with a sign. */
export const MEASURES = {
  value: ['the last value', ['g'], null],
  rate: ['the rate per second', ['c', 'ms'], '/s'],
  'rate-per-minute': ['the rate per minute', ['c', 'ms'], '/min'],
  sum: ['the sum in a minute', ['c', 'ms'], null],
  average: ['the average', ['g', 'ms'], null],
  p50: ['the median (p50)', ['ms'], null],
  p95: ['p95', ['ms'], null],
  p99: ['p99', ['ms'], null],
  max: ['the largest', ['g', 'ms'], null],
  min: ['the smallest', ['g', 'ms'], null],
  count: ['the number of samples', ['g', 'ms'], ''],
  usual: ['how unusual it is (a score)', ['c', 'g', 'ms'], ''],
  absence: ['nothing comes', ['c', 'g', 'ms']],
  silence: ['nothing comes though its program is up', ['c', 'g', 'ms']],
  process: ['a program is down', []],
};
/** The measures that are compared with a threshold. */
export const isNumber = measure => MEASURES[measure]?.length === 3;
/** Those of which the past is kept. */
export const isKept = measure => measure !== 'process';

export const conditionsOf = measure => measure === 'usual' ? ['outside', 'above', 'below'] : ['above', 'below', 'equal'];
const CONDITIONS = ['above', 'below', 'equal', 'outside'];
export const conditionOf = rule => CONDITIONS.find(name => rule[name] != null) ?? null;

/** The state that is shown of a rule. */
export const stateOf = rule => rule.enabled === false ? 'off' : Object.hasOwn(STATES, rule.state) ? rule.state : 'no-data';

/** When what a rule says began: the first of its instances of that state; null where the server does not tell. */
export function sinceOf(rule) {
  const times = (rule.instances ?? []).filter(({ state }) => state === rule.state).map(({ since }) => since);
  return times.length ? Math.min(...times) : null;
}

const place = (list, name) => list.indexOf(name) >>> 0;

/** What is urgent first: by state, by severity, what began last, by name. */
export function sorted(rules) {
  const states = Object.keys(STATES);
  return [...rules].sort((a, b) => place(states, stateOf(a)) - place(states, stateOf(b))
    || place(SEVERITIES, a.severity) - place(SEVERITIES, b.severity)
    || (sinceOf(b) ?? 0) - (sinceOf(a) ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

const some = (count, one, many = `${one}s`) => `${exact(count)} ${count === 1 ? one : many}`;

/** One sentence over all rules. */
export function overviewWords(rules) {
  if (!rules.length) return 'No rules yet.';
  const counts = Object.keys(STATES).map(state => [state, rules.filter(rule => stateOf(rule) === state).length]);
  const parts = counts.filter(([state, count]) => count && state !== 'ok').map(([state, count]) => `${count} ${STATES[state].toLowerCase()}`);
  return `${parts.length ? parts.join(', ') : 'All is well'}, of ${some(rules.length, 'rule')}.`;
}

/** The unit of what a rule looks at of a subject, and what stands behind the number: `['ms', '']`, `['number', '/s']`. */
export function unitOfMeasure(measure, subject) {
  const [, kinds, sign] = MEASURES[measure] ?? [];
  if (sign != null) return ['number', sign];
  const stat = parse(subject ?? '');
  if (stat) return [unitOf(stat), ''];
  return [kinds?.length === 1 && kinds[0] === 'ms' ? 'ms' : 'number', ''];
}

/** A number of a rule with its unit. */
export function valueWords(rule, value, subject) {
  if (value == null) return '';
  const kind = rule.kind ?? (MEASURES[rule.measure]?.[1].length === 1 ? MEASURES[rule.measure][1][0] : null);
  const [unit, sign] = unitOfMeasure(rule.measure, subject ?? (kind && `${kind}:${rule.match}`) ?? '');
  return valueOf(unit === 'number' && kind === 'ms' && MEASURES[rule.measure]?.[2] === null ? 'ms' : unit, value) + sign;
}

/** `p95 of checkout.* above 800 ms for 1 min` */
export function ruleWords(rule) {
  if (rule.measure === 'process') return `the program ${rule.match} is down${forWords(rule)}`;
  if (rule.measure === 'absence') return `nothing comes of ${rule.match}${forWords(rule)}`;
  if (rule.measure === 'silence') return `nothing comes of ${rule.match} while ${rule.process ? `${rule.process} is up` : 'others send'}${forWords(rule)}`;
  const name = conditionOf(rule);
  if (rule.measure === 'usual') return `${rule.match} is unusual: a score ${name} ${rule[name]}${forWords(rule)}`;
  const how = name === 'equal' ? 'is exactly' : name;
  return `${MEASURES[rule.measure]?.[0] ?? rule.measure} of ${rule.match} ${how} ${valueWords(rule, rule[name])}${forWords(rule)}`;
}

/** What was said exactly: 90 s, 1 min, 100 min, 2 h. */
function forWords({ for: seconds }) {
  if (!seconds) return '';
  const [length, unit] = [[3600, 'h'], [60, 'min'], [1, 's']].find(([length]) => seconds % length === 0);
  return ` for ${exact(seconds / length)} ${unit}`;
}

/** The path, or the name of a program, of what a server calls `c:checkout.paid` or `process:shop`. */
export const nameOf = subject => subject.slice(subject.indexOf(':') + 1);

/** How many statistics have which state, where that says more than the state of the rule. */
export function countWords({ counts = {} }) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (all < 2) return '';
  return Object.keys(STATES).filter(state => counts[state]).map(state => `${exact(counts[state])} ${STATES[state].toLowerCase()}`).join(', ');
}

const EVENTS = {
  fired: 'fired', resolved: 'is good again', reminder: 'still fires', flapping: 'fires again and again', 'no-data': 'fired, and now nothing is known',
  acknowledged: 'acknowledged', 'rule-set': 'the rule was saved', 'rule-removed': 'the rule was removed', silenced: 'silenced', 'silence-removed': 'the silence was ended',
  'silences-set': 'the silences of each week were changed',
};
/** What happened, in words. */
export const eventWords = ({ event }) => EVENTS[event] ?? event;

/** Who did it: a person by address or name, or whoever has the key of that name; before people were named, somebody in a browser. */
export const byWords = by => by === 'session' ? ' in a browser' : by ? ` by “${by}”` : '';

/** Whether an event is something that a person did. */
export const isDeed = ({ event }) => !['fired', 'resolved', 'reminder', 'flapping', 'no-data'].includes(event);

/** A time in words: 40 seconds, 41 minutes, 3 hours, 2 days. */
export function lengthWords(seconds) {
  if (seconds < 60) return some(Math.round(seconds), 'second');
  if (seconds < 5400) return some(Math.round(seconds / 60), 'minute');
  return seconds < 172800 ? some(Math.round(seconds / 3600), 'hour') : some(Math.round(seconds / 86400), 'day');
}

/** What a look back found: 3 times in 8 days, 41 minutes in all. */
export function backtestWords({ times, seconds, statistics, from, to }) {
  const days = some(Math.round((to - from) / 86400), 'day');
  if (!statistics) return 'It matches no statistic that is known: it would never have fired.';
  return times ? `${times === 1 ? 'Once' : some(times, 'time')} in ${days}, ${lengthWords(seconds)} in all` : `Never in ${days}`;
}

/** What has to be known of the answer besides. */
export function caveats({ statistics, omitted, exact, isUsual }) {
  if (!statistics) return [];
  return [
    statistics > 1 && `Of ${some(statistics, 'statistic')} together.`,
    omitted > 0 && `${some(omitted, 'more statistic')} ${omitted === 1 ? 'was' : 'were'} not looked at.`,
    isUsual && 'What is usual at a time comes from the days before it: where there are too few, nothing is known.',
    !exact && 'Only whole minutes are kept: what lasts less than one may be missing.',
  ].filter(Boolean);
}

/** Which field a refusal is about, and what it says: `rule.above: expected …` is about the threshold. */
export function fieldOf(message) {
  const [, name, text] = message.match(/^(?:rule\.)?([a-zA-Z]+)(?:\[\d+\]|\.[^\s:]+)?: (.*)$/s) ?? [];
  if (!name) return { field: null, text: message };
  const field = CONDITIONS.includes(name) ? 'threshold' : name === 'id' ? 'name' : name;
  return { field, text: text[0].toUpperCase() + text.slice(1) };
}

const NAME = /^[A-Za-z0-9_.:!*-]{1,255}$/;

/**
 * A function that says whether a pattern is about a name: `*` is any part without a dot, `**` anything. null for what is no pattern.
 * It keeps the set of all places where a match may stand, so that no name takes long.
 */
export function matcher(pattern) {
  const parts = pattern.split(/(\*+)/).filter(Boolean);
  if (!NAME.test(pattern) || parts.some(part => part.startsWith('***')) || parts.filter(part => part[0] === '*').length > 8) return null;
  if (parts.length === 1 && parts[0][0] !== '*') return name => name === pattern;
  return name => {
    let ends = new Set([0]);
    for (const part of parts) {
      const next = new Set();
      if (part[0] !== '*') {
        for (const end of ends) if (name.startsWith(part, end)) next.add(end + part.length);
      } else {
        for (let end = 0, isOpen = false; end <= name.length; end++) {
          if (end && part === '*' && name[end - 1] === '.') isOpen = false;
          isOpen ||= ends.has(end);
          if (isOpen) next.add(end);
        }
      }
      if (!next.size) return false;
      ends = next;
    }
    return ends.has(name.length);
  };
}

/** The known statistics that a rule is about, by their identity; null as long as it says no pattern. */
export function matched({ match, kind, measure }, statistics) {
  const isAbout = matcher(match ?? '');
  const kinds = kind ? [kind] : MEASURES[measure]?.[1] ?? [];
  return isAbout && [...statistics].filter(stat => kinds.includes(stat.kind) && isAbout(stat.path)).map(({ id }) => id).sort();
}

const MOST_COMPLETIONS = 30;

/** What a beginning may become: groups of statistics as patterns, then single ones. */
export function completions(text, statistics) {
  const begun = text.toLowerCase().replace(/\*+$/, '');
  const groups = new Map();
  const names = new Set();
  for (const { path, folded } of statistics) {
    if (!folded.includes(begun)) continue;
    names.add(path);
    for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
      // A group is all below it, or, where nothing is farther below, its children.
      const group = path.slice(0, dot + 1);
      const known = groups.get(group) ?? { count: 0, isDeep: false };
      groups.set(group, { count: known.count + 1, isDeep: known.isDeep || path.indexOf('.', dot + 1) >= 0 });
    }
  }
  const patterns = [...groups].filter(([group, { count }]) => count > 1 && group.toLowerCase().includes(begun))
    .sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1)).slice(0, MOST_COMPLETIONS / 3)
    .map(([group, { isDeep }]) => group + (isDeep ? '**' : '*'));
  const begins = path => path.toLowerCase().startsWith(begun) ? 0 : 1;
  const single = [...names].sort((a, b) => begins(a) - begins(b) || (a < b ? -1 : 1));
  return [...patterns, ...single].slice(0, MOST_COMPLETIONS);
}

/** A number that somebody typed; undefined for nothing, NaN for what is none. */
export function typed(text) {
  const trimmed = (text ?? '').trim();
  if (!trimmed) return undefined;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN;
}

/**
 * A rule as the server takes it, out of what a form has, and what is wrong with it by field. What only the server knows is left to it:
 * so is a threshold that is missing.
 */
export function ruleOf(said) {
  const problems = {};
  const number = (field, text) => {
    const value = typed(text);
    if (Number.isNaN(value)) problems[field] = 'Expected a number, as 800 or 0.5';
    return value;
  };
  const rule = { name: said.name?.trim() || undefined, match: said.match?.trim() ?? '', measure: said.measure };
  if (said.kind && MEASURES[said.measure]?.[1].length) rule.kind = said.kind;
  if (isNumber(said.measure)) {
    rule[said.condition] = number('threshold', said.threshold);
    if (said.condition !== 'equal') rule.recover = number('recover', said.recover);
  }
  if (said.measure === 'silence' && said.process?.trim()) rule.process = said.process.trim();
  const seconds = number('for', said.for);
  rule.for = seconds === undefined ? 0 : seconds * Number(said.forUnit ?? 1);
  if (said.every) rule.every = said.every;
  rule.severity = said.severity ?? 'warning';
  rule.text = said.text?.trim() ?? '';
  if (said.runbook?.trim()) rule.runbook = said.runbook.trim();
  rule.channels = said.channels ?? [];
  if (said.remind) rule.remind = Number(said.remind);
  rule.enabled = said.enabled ?? true;
  return { rule, problems };
}

/** What a form shows of a rule. */
export function saidOf(rule) {
  const condition = conditionOf(rule) ?? conditionsOf(rule.measure)[0];
  const text = value => value == null ? '' : String(value);
  const unit = [3600, 60].find(unit => rule.for && rule.for % unit === 0) ?? (rule.for ? 1 : 60);
  return {
    name: rule.name ?? '', match: rule.match ?? '', kind: rule.kind ?? '', measure: rule.measure ?? 'value', condition,
    threshold: text(rule[condition]), recover: text(rule.recover), for: text((rule.for ?? 0) / unit), forUnit: String(unit),
    every: rule.every ?? '', severity: rule.severity ?? 'warning', text: rule.text ?? '', runbook: rule.runbook ?? '', process: rule.process ?? '',
    channels: rule.channels ?? [], remind: text(rule.remind), enabled: rule.enabled ?? true,
  };
}

/** The first rule about a statistic: what is mostly watched of its kind. */
export const firstRule = stat => ({
  match: stat.path, kind: stat.kind, measure: { c: 'rate-per-minute', g: 'value', ms: 'p95' }[stat.kind], for: 60,
});

/** What a refusal says to somebody who wants to save. */
export function refusalWords(error) {
  if (error.status === 0) return 'The server cannot be reached. Nothing is lost here: try again when it is back.';
  if (error.name === 'unauthorized') return 'You are signed out. Sign in again: what you have written is kept.';
  if (error.name === 'too_many' || error.name === 'too_many_queries') return `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
  return error.message;
}

/** The quotas that bite, in sentences. */
export function quotaWords({ rules, rulesMax, instances, instancesMax, instancesRefused, messagesInHour, messagesPerHourMax } = {}) {
  return [
    rules >= rulesMax && `There are ${exact(rules)} rules: no more can be made.`,
    instancesRefused > 0 && `The rules are about more than ${exact(instancesMax)} statistics: ${exact(instancesRefused)} are not watched.`,
    !(instancesRefused > 0) && instances >= .9 * instancesMax && `${exact(instances)} of ${exact(instancesMax)} statistics that can be watched are.`,
    messagesInHour >= messagesPerHourMax && `More than ${exact(messagesPerHourMax)} messages in an hour: the rest is not sent.`,
  ].filter(Boolean);
}

/**
 * The silences that cover a rule now; those of single statistics only if `match` says everything. Of one that comes each week the server
 * knows whether it is under way.
 */
export const silencesOf = (rule, silences, time) => silences.filter(silence =>
  (silence.every ? silence.active : silence.from <= time && time < silence.until) && matcher(silence.rule)?.(rule.id));

/** `every Sun 02:00-04:00 Europe/Paris`, but `daily 02:00-04:00 Europe/Paris`. */
export const weekWords = every => every.startsWith('daily') ? every : `every ${every}`;

/** `until 15:05, checkout.*: new release`, or `every Sun 02:00-04:00 Europe/Paris: backup` */
export function silenceWords({ match, until, every, reason }, zone, time) {
  const when = [every && weekWords(every), until && `until ${moment(until, zone, time)}`].filter(Boolean).join(', ');
  return `${when}${match === '**' ? '' : `, ${match}`}${reason ? `: ${reason}` : ''}`;
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** The times of a week as a server reads them: days from 0, Monday, on. An end at midnight is that of the day. */
export function everyOf({ days, from, to, zone }) {
  const runs = [];
  for (const day of [...days].sort()) {
    if (day - 1 === runs.at(-1)?.at(-1)) runs.at(-1).push(day);
    else runs.push([day]);
  }
  const words = runs.flatMap(run => run.length > 2 ? `${DAYS[run[0]]}-${DAYS[run.at(-1)]}` : run.map(day => DAYS[day]));
  return `${days.length === DAYS.length ? 'daily' : words.join(',')} ${from}-${to === '00:00' ? '24:00' : to} ${zone}`;
}

// MARK: The plot of a look back

/** The lowest and the highest value to show: all numbers, and the threshold with some air around it. */
export function domain(points, thresholds) {
  const known = [...points.flatMap(([, low, high]) => [low, high]), ...thresholds.filter(Number.isFinite)];
  if (!known.length) return [0, 1];
  const [low, high] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const floor = low >= 0 && low < high * .7 ? 0 : low - (high - low || Math.abs(high) || 1) * .08;
  return [floor, high + (high - floor || 1) * .08];
}

/** A band from the smallest to the largest number of each bin, as the path of a drawing; nothing bridges a gap. */
export function bandPath(points, step, x, y) {
  const runs = [];
  for (const point of points) {
    if (point[0] - (runs.at(-1)?.at(-1)[0] ?? -Infinity) > 1.5 * step) runs.push([]);
    runs.at(-1).push(point);
  }
  // A single bin is seen, too: it has its width.
  const corners = (run, column) => [...run, [run.at(-1)[0] + step, ...run.at(-1).slice(1)]].map(point => `${x(point[0]).toFixed(1)} ${y(point[column]).toFixed(1)}`);
  return runs.map(run => `M${corners(run, 2).join('L')}L${corners(run, 1).toReversed().join('L')}Z`).join('');
}

/** A value that the eye chose, with no more digits than it meant. */
export function rounded(value, range) {
  const unit = 10 ** Math.floor(Math.log10(Math.abs(range) / 100 || 1));
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

/** A suggested threshold with four digits, and never nearer than it was. */
export function outward(value, condition) {
  if (!value) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 3);
  return Number(((condition === 'below' ? Math.floor(value / unit + 1e-9) : Math.ceil(value / unit - 1e-9)) * unit).toPrecision(12));
}
