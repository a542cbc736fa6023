// When programs began anew: marks on the plots, where a restart often is the answer.

import { date, minuteOfDay } from './format.js';

/** So many programs are named, and so many times of each. */
const MOST_PROGRAMS = 3;
const MOST_TIMES = 3;
/** More marks on one plot would be a wall. */
const MOST_MARKS = 200;

/**
 * The restarts that may explain a plot, as `{ name, at }` in the order of time: those of the program whose name the path begins
 * with; where it begins with none, nobody knows which programs it is about, and they are those of all.
 */
export function restartsOf(path, processes) {
  const owners = processes.filter(({ name }) => path.startsWith(`${name}.`));
  const longest = Math.max(...owners.map(({ name }) => name.length));
  const found = owners.length ? owners.filter(({ name }) => name.length === longest) : processes;
  return found.flatMap(({ name, restarts = [] }) => restarts.map(at => ({ name, at }))).sort((a, b) => a.at - b.at);
}

/** The latest of one day, each with its `place` on the axis of that day. */
export function placed(restarts, { axis, day }, zone) {
  // Zones are far dearer to ask than numbers: in no zone is the day farther away than this.
  const noon = Date.parse(`${day}T12:00Z`) / 1000;
  const near = restarts.filter(({ at }) => Math.abs(at - noon) < 2 * 86400);
  const latest = [];
  for (let i = near.length - 1; i >= 0 && latest.length < MOST_MARKS; i--) if (date(near[i].at, zone) === day) latest.unshift(near[i]);
  return latest.flatMap(restart => {
    const minute = minuteOfDay(restart.at, zone);
    const isRepeated = axis.clocks.some(({ at, from, to }) => to <= minute && minute < from && restart.at >= at);
    const index = axis.index(Math.floor(minute / axis.step) * axis.step, isRepeated);
    return index < 0 ? [] : [{ ...restart, place: index * axis.step + minute % axis.step }];
  });
}

/** What the marks of a plot say: `api restarted at 02:41 and 03:10; worker restarted 12 times, last at 03:11`. */
export function restartWords(marks, axis) {
  const places = new Map();
  for (const { name, place } of marks) places.set(name, [...places.get(name) ?? [], place]);
  // What restarted last comes first.
  const programs = [...places].sort(([, a], [, b]) => b.at(-1) - a.at(-1));
  const said = programs.slice(0, MOST_PROGRAMS).map(([name, places]) => {
    const times = places.map(place => axis.time(place));
    const when = times.length > MOST_TIMES ? `${times.length} times, last at ${times.at(-1)}`
      : `at ${times.length > 1 ? `${times.slice(0, -1).join(', ')} and ` : ''}${times.at(-1)}`;
    return `${name} restarted ${when}`;
  });
  const rest = programs.length - MOST_PROGRAMS;
  if (rest > 0) said.push(`${rest} other program${rest === 1 ? '' : 's'} restarted, too`);
  return said.join('; ');
}
