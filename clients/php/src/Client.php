<?php

declare(strict_types=1);

namespace Dattss;

/**
 * Sends what a program counts, times and gauges, as datagrams that nobody waits for.
 *
 * A request does not live long enough to add anything up, so each sample is a line; lines share datagrams. Nothing here throws,
 * waits or prints. A datagram may be lost: what is known to be is counted.
 */
final class Client
{
    /** Less than what fits into a packet of any usual network. */
    private const DATAGRAM_BYTES = 1400;
    /** No datagram is longer, whatever is in it. */
    private const LINE_BYTES_MAX = 65000;

    /** For how long a sample waits, at most, while others come: a worker that lives for hours fills no datagram in a minute. */
    private const WAIT_NANOSECONDS = 1000000000;

    /** How many samples were handed to the system, and how many were not, by reason. */
    public int $sent = 0;
    /** @var array{bad_path: int, bad_sample: int, not_sent: int} */
    public array $dropped = ['bad_path' => 0, 'bad_sample' => 0, 'not_sent' => 0];

    private string $prefix;
    private string $address;
    /** @var resource|null */
    private $socket;
    private string $lines = '';
    private int $lineCount = 0;
    private bool $isDebugging;
    /** @var callable(): int */
    private $clock;
    private int $flushedAt;

    /**
     * @param array{auth?: string, process?: string, host?: string, port?: int|string} $options Each also from the environment:
     *   DATTSS_AUTH_KEY, DATTSS_SERVER_UDP_HOST (127.0.0.1), DATTSS_SERVER_UDP_PORT (8125).
     * @param (callable(): int)|null $clock Nanoseconds, for tests.
     */
    public function __construct(array $options = [], ?callable $clock = null)
    {
        $this->clock = $clock ?? static fn (): int => (int) hrtime(true);
        $this->flushedAt = ($this->clock)();
        $auth = (string) ($options['auth'] ?? getenv('DATTSS_AUTH_KEY'));
        $process = substr((string) preg_replace('/[^A-Za-z0-9_.!-]/', '_', (string) ($options['process'] ?? 'php')), 0, 64);
        $host = (string) ($options['host'] ?? (getenv('DATTSS_SERVER_UDP_HOST') ?: '127.0.0.1'));
        $port = (int) ($options['port'] ?? (getenv('DATTSS_SERVER_UDP_PORT') ?: 8125));
        $this->prefix = str_replace(["\n", ':', '|'], '_', $auth) . ':' . ($process === '' ? 'php' : $process) . ':';
        $isIPv6 = strpos($host, ':') !== false && $host[0] !== '[';
        $this->address = 'udp://' . ($isIPv6 ? "[$host]" : $host) . ":$port";
        $this->isDebugging = in_array(strtolower((string) getenv('DATTSS_DEBUG')), ['1', 'true', 'yes'], true);
    }

    public function __destruct()
    {
        $this->flush();
    }

    /** Adds a sample: `1c` counts, `153ms` times, `23g` gauges; a `!` behind it emphasises the statistic. */
    public function agg(string $path, string $sample): void
    {
        $line = $this->line($path, $sample);
        if ($line !== null) {
            $this->add($line);
            if (($this->clock)() - $this->flushedAt >= self::WAIT_NANOSECONDS) {
                $this->flush();
            }
        }
    }

    /** @param int|float $amount */
    public function count(string $path, $amount = 1): void
    {
        $this->agg($path, self::number($amount) . 'c');
    }

    /** @param int|float $milliseconds */
    public function time(string $path, $milliseconds): void
    {
        $this->agg($path, self::number($milliseconds) . 'ms');
    }

    /** @param int|float $value */
    public function gauge(string $path, $value): void
    {
        $this->agg($path, self::number($value) . 'g');
    }

    /**
     * Times a function, also when it throws.
     *
     * @return mixed what the function returns
     */
    public function measure(string $path, callable $work)
    {
        $start = hrtime(true);
        try {
            return $work();
        } finally {
            $this->time($path, (hrtime(true) - $start) / 1e6);
        }
    }

    /** Sends what waits to fill a datagram. The end of the program does it, too. */
    public function flush(): void
    {
        $this->flushedAt = ($this->clock)();
        [$lines, $count, $this->lines, $this->lineCount] = [$this->lines, $this->lineCount, '', 0];
        if ($count === 0) {
            return;
        }
        if ($this->socket === null) {
            $socket = @stream_socket_client($this->address, $code, $message, 0.1);
            $this->socket = $socket === false ? null : $socket;
            if ($this->socket !== null) {
                stream_set_blocking($this->socket, false);
            }
        }
        $written = $this->write($lines);
        if ($written !== strlen($lines)) {
            // An earlier datagram found nobody there, and this write was told: the datagram itself has not gone out.
            $written = $this->write($lines);
        }
        if ($written === strlen($lines)) {
            $this->sent += $count;
        } else {
            $this->dropped['not_sent'] += $count;
        }
        if ($this->isDebugging) {
            error_log("dattss: $count samples, " . strlen($lines) . ' bytes: ' . var_export($written, true));
        }
    }

    /** The line of a sample, or null when it is none. */
    public function line(string $path, string $sample): ?string
    {
        if (preg_match('/\A[A-Za-z0-9_.:!-]{1,255}\z/', $path) !== 1) {
            $this->dropped['bad_path'] += 1;
            return null;
        }
        $number = '\+?(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)';
        if (preg_match("/\\A$number(?:c|ms|g)!?\\z/", $sample, $match) !== 1 || strncmp($sample, '+-', 2) === 0
            || !is_finite((float) $match[1])) {
            $this->dropped['bad_sample'] += 1;
            return null;
        }
        return $this->prefix . $path . ':' . $sample;
    }

    private function add(string $line): void
    {
        if ($this->lineCount > 0 && strlen($this->lines) + 1 + strlen($line) > self::DATAGRAM_BYTES) {
            $this->flush();
        }
        if (strlen($line) > self::LINE_BYTES_MAX) {
            $this->dropped['not_sent'] += 1;
            return;
        }
        $this->lines .= ($this->lineCount > 0 ? "\n" : '') . $line;
        $this->lineCount += 1;
    }

    /** @return int|false */
    private function write(string $datagram)
    {
        return $this->socket === null ? false : @fwrite($this->socket, $datagram);
    }

    /** @param int|float $value */
    private static function number($value): string
    {
        // Never in the language of the machine, and so that the same double can be read back.
        return is_int($value) ? (string) $value : (is_finite((float) $value) ? json_encode((float) $value) : 'x');
    }
}
