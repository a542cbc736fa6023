// What the clocks of a zone show on a day, found by asking for each minute: what the server tells of a day, worked out otherwise.

const DAY_MINUTES = 1440;

function shownBy(zone) {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  });
  return seconds => {
    const parts = Object.fromEntries(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]));
    return { day: `${parts.year}-${parts.month}-${parts.day}`, minute: Number(parts.hour) * 60 + Number(parts.minute) };
  };
}

/**
 * All minutes of a day in the order of time, `{ at, minute, isRepeated }`, and its `clocks`: `{ at, from, to }` for each change,
 * cut to the day.
 */
export function dayOf(zone, day) {
  const shown = shownBy(zone);
  const noon = Date.parse(`${day}T12:00Z`) / 1000;
  const number = text => Date.parse(`${text}T00:00Z`) / 86400000;
  const wall = at => { const { day: on, minute } = shown(at); return (number(on) - number(day)) * DAY_MINUTES + minute; };
  const cut = minute => Math.min(Math.max(0, minute), DAY_MINUTES);
  const minutes = [];
  const clocks = [];
  const seen = new Set();
  for (let at = noon - 2 * 86400, before = wall(at - 60); at < noon + 2 * 86400; at += 60) {
    const now = wall(at);
    if (now !== before + 1 && cut(before + 1) !== cut(now)) {
      // Set back to the day before, they come to this day's minutes only later.
      clocks.push({ at: now < before ? at + (cut(now) - now) * 60 : at, from: cut(before + 1), to: cut(now) });
    }
    before = now;
    if (now < 0 || now >= DAY_MINUTES) continue;
    minutes.push({ at, minute: now, isRepeated: seen.has(now) });
    seen.add(now);
  }
  return { minutes, clocks };
}
