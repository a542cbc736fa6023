// The server's API, under the space that the page shows: one's own statistics, the demo's, or the server's own.

const space = location.pathname.match(/^\/(demo|server)\/?$/);
export let base = space ? `/${space[1]}` : '';
/** Shows another space than the address says: the demo to a visitor. */
export const showSpace = other => { base = other; };

/** Whose statistics the address names, for somebody in that user's team; null is one's own. */
export const shownUser = space ? null : new URLSearchParams(location.search).get('user') || null;
const named = (address, user) => user ? `${address}${address.includes('?') ? '&' : '?'}user=${encodeURIComponent(user)}` : address;
/** The address of a page, for what is shown. */
export const addressOf = (path, user = shownUser) => named(path, user);
/** The address of a route, for what is shown. */
export const routeOf = (path, at = base, user = at ? null : shownUser) => named(`${at}/api/v1/${path}`, user);

let token = null;
let presented = null;
/** Asks with the token of a link from now on. */
export const present = token => { presented = token; };
let whenSignedOut = () => {};
let whenRemoved = () => {};
/** Is called when the server does not know the session any more. */
export const onSignedOut = then => { whenSignedOut = then; };

/** Is called when who is signed in is not in the team of who is shown any more. */
export const onRemoved = then => { whenRemoved = then; };

/** What the server refused, and why. */
export class Refusal extends Error {
  constructor(status, name, message) {
    super(message);
    this.status = status;
    this.name = name;
  }
}

/** Asks BASE/api/v1/PATH, about who is shown or about `user`; the promise is of the decoded answer. */
export async function ask(path, { method = 'GET', body, at = base, user } = {}) {
  const headers = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (presented) headers.Authorization = `Bearer ${presented}`;
  if (method !== 'GET' && token) headers['X-CSRF-Token'] = token;
  let answer;
  try {
    answer = await fetch(routeOf(path, at, user), { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Refusal(0, 'unreachable', 'the server cannot be reached');
  }
  const text = await answer.text();
  let json = null;
  try { json = text ? JSON.parse(text) : null; } catch { /* an error page of something in between */ }
  if (answer.ok) return json;
  const error = json?.error ?? {};
  const isSignedOut = error.name === 'unauthorized';
  // (What the server says then is for programs.)
  const words = isSignedOut ? 'you are signed out' : error.message ?? `the server answered ${answer.status}`;
  const refusal = new Refusal(answer.status, error.name ?? 'http', words);
  if (isSignedOut) whenSignedOut();
  if (error.name === 'forbidden' && shownUser && user === undefined) whenRemoved();
  refusal.retryAfter = Number(answer.headers.get('Retry-After')) || null;
  throw refusal;
}

/** Who is signed in; remembers the token that changes carry. */
export async function openSession(path = 'session', options) {
  const session = await ask(path, options);
  if (session?.csrf) token = session.csrf;
  return session;
}

export const statisticPath = stat => `${stat.kind}/${encodeURIComponent(stat.path)}`;
