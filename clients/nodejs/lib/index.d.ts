export interface Options {
  /** The user's key. Command line: `--auth` or `--dattss_auth_key`; environment: `DATTSS_AUTH_KEY`. */
  auth?: string;
  /** Default `127.0.0.1`. Environment: `DATTSS_SERVER_HTTP_HOST`. */
  http_host?: string;
  /** Default 3002. Environment: `DATTSS_SERVER_HTTP_PORT`. */
  http_port?: number | string;
  /** Instead of host and port: `https://stats.example.org/dattss`. */
  url?: string;
  /** The name under which the server lists this program. */
  process?: string;
  /** Which quantiles `bot` and `top` are, more than 0 and at most 0.5; default 0.1. Environment: `DATTSS_PERCENTILE`. */
  percentile?: number;
  /** Seconds between two pushes, default 5; from 100 on milliseconds. Environment: `DATTSS_PUSH_PERIOD`. */
  push_period?: number;
  /** How many batches wait for a server that is away, default 720: an hour. */
  buffer_batches?: number;
  /** How many bytes of them, default 16 MiB. */
  buffer_bytes?: number;
  /** For how many seconds the end of the program may wait for the server, default 2. */
  exit_timeout?: number;
  /**
   * Called once when somebody asks this program to stop, which needs `process`. Without it everything is sent and the program
   * exits with status 1. `false`: the server is not asked.
   */
  on_stop?: (() => void) | false;
  /** Whether the timer keeps the program alive until `stop()`, as the original's did; default no. */
  keep_alive?: boolean;
  /** Whether to say on standard error what is sent. Environment: `DATTSS_DEBUG`. */
  debug?: boolean;
}

/** How many samples were dropped, by reason. */
export interface Drops {
  bad_path: number;
  bad_sample: number;
  too_many_statistics: number;
  buffer_full: number;
  refused: number;
  stopped: number;
}

export interface Dattss {
  /** Adds a sample: `1c` counts, `153ms` times, `23g` gauges; a `!` behind it emphasises the statistic. */
  agg(path: string, sample: string): void;
  count(path: string, amount?: number): void;
  time(path: string, milliseconds: number): void;
  gauge(path: string, value: number): void;
  /** Times a function, also when it throws; and a promise until it settles. */
  measure<Result>(path: string, work: () => Result): Result;
  /** A new client is started already. */
  start(): void;
  /** Sends the rest, tries for at most `seconds` (5), and ends sending. Resolves to whether everything is acknowledged. */
  stop(seconds?: number): Promise<boolean>;
  /** Sends what was recorded up to now. Resolves to whether everything is acknowledged. */
  flush(): Promise<boolean>;
  readonly drops: Drops;
  readonly lastProblem: string | null;
}

/** A client, started. One is enough for a program. */
export function dattss(options?: Options): Dattss;
/** The one client of a process, by its name and key. */
export function process(options: string | (Options & { name?: string })): Dattss;
/** Stops all clients that `process` made. */
export function stop(): Promise<boolean[]>;

declare const client: { dattss: typeof dattss; process: typeof process; stop: typeof stop };
export default client;
