// How something compares with the usual: one calculation for summaries, readouts and cards, over the numbers of the API.

import { change, valueOf } from './format.js';

export const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The means of the steps that are known of both, a day and its usual day; null when there are none. A counter that is silent
 * counts zero, and `loadDay` says so: what is null here is not known.
 */
export function compare(values, usuals) {
  const both = values.flatMap((value, i) => value == null || usuals[i] == null ? [] : [[value, usuals[i]]]);
  if (!both.length) return null;
  return { value: mean(both.map(([value]) => value)), usual: mean(both.map(([, usual]) => usual)) };
}

/** The same as people say it: +38 %, or what is usual where a percentage makes no sense. */
export const versus = (unit, { value, usual }) => usual > 0 ? change(value / usual) : `usually ${valueOf(unit, usual)}`;
