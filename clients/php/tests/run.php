<?php

declare(strict_types=1);

// Fixtures/wire, as far as it concerns a client that sends lines, and this client's own behaviour.

require __DIR__ . '/../src/Client.php';

use Dattss\Client;

error_reporting(E_ALL);
set_error_handler(function (int $code, string $message): bool {
    if (error_reporting() & $code) {
        throw new ErrorException($message);
    }
    return true;
});

$checks = 0;

function same($found, $expected, string $what): void
{
    global $checks;
    $checks += 1;
    if ($found !== $expected) {
        fwrite(STDERR, "$what: expected " . var_export($expected, true) . ', found ' . var_export($found, true) . "\n");
        exit(1);
    }
}

function cases(string $name): array
{
    $cases = json_decode(file_get_contents(__DIR__ . "/../../../Fixtures/wire/$name.json"), true)['cases'];
    same(count($cases) > 5, true, "cases of $name");
    return $cases;
}

/** What arrives at a socket. */
function received($server): array
{
    $lines = [];
    stream_set_timeout($server, 1);
    while (true) {
        $read = [$server];
        $none = null;
        if (stream_select($read, $none, $none, 0, 200000) === 0) {
            return $lines;
        }
        $datagram = stream_socket_recvfrom($server, 65536);
        same(strlen($datagram) <= 1400, true, 'the length of a datagram');
        array_push($lines, ...explode("\n", $datagram));
    }
}

foreach (cases('lines') as $case) {
    if (isset($case['dattss']) && $case['dattss']['process'] !== '' && strpos($case['dattss']['process'], ':') === false) {
        $said = $case['dattss'];
        $client = new Client(['auth' => $said['auth'], 'process' => $said['process']]);
        same($client->line($said['pth'], $said['sample']), $case['line'], 'a line');
    }
}
foreach (cases('samples') as $case) {
    $client = new Client(['auth' => 'KEY']);
    same($client->line('a', $case['text']) !== null, !isset($case['reason']), "'{$case['text']}'");
    same($client->dropped['bad_sample'], isset($case['reason']) ? 1 : 0, "'{$case['text']}'");
}
foreach (cases('batches') as $case) {
    $client = new Client(['auth' => 'KEY']);
    foreach ($case['calls'] as [$path, $sample]) {
        $client->line($path, $sample);
    }
    // A line has one thing wrong with it; which of two is said first is this client's own affair.
    same(array_sum($client->dropped), array_sum($case['drops']), $case['name']);
}

$server = stream_socket_server('udp://127.0.0.1:0', $code, $message, STREAM_SERVER_BIND);
$port = (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
$client = new Client(['auth' => 'KEY', 'process' => 'a b', 'port' => $port]);
$client->agg('hits', '1c!');
$client->count('hits');
$client->count('hits', 0.1);
$client->time('wait', 12.5);
$client->gauge('load', -3);
$client->gauge('load', NAN);
same($client->measure('work', fn () => 7), 7, 'what a measured function returns');
$client->flush();
$lines = received($server);
same(preg_match('/^KEY:a_b:work:[0-9.e-]+ms$/', array_pop($lines)), 1, 'a measured time');
same(
    $lines, ['KEY:a_b:hits:1c!', 'KEY:a_b:hits:1c', 'KEY:a_b:hits:0.1c', 'KEY:a_b:wait:12.5ms', 'KEY:a_b:load:-3g'], 'the lines');
same([$client->sent, $client->dropped], [6, ['bad_path' => 0, 'bad_sample' => 1, 'not_sent' => 0]], 'what was counted');

for ($i = 0; $i < 1000; $i++) {
    $client->agg('many', "{$i}ms");
}
unset($client);
same(count(received($server)), 1000, 'lines of which the last were sent at the end');

// An hour of a worker, of which the server is away for a third: what it records goes out within the second while it records,
// and every sample is sent, or counted as not sent.
$now = 0;
$client = new Client(['auth' => 'KEY', 'port' => $port], function () use (&$now): int { return $now; });
$recorded = 0;
for ($second = 1; $second <= 3600; $second++) {
    $now += 1000000000;
    if ($second === 1200) {
        same(count(received($server)), $client->sent, 'what arrived before the server went away');
        fclose($server);
    } elseif ($second === 2400) {
        $server = stream_socket_server("udp://127.0.0.1:$port", $code, $message, STREAM_SERVER_BIND);
        $sent = $client->sent;
    }
    // One a minute, and now and then many at once.
    $count = $second % 60 === 0 ? 1 : ($second % 60 === 30 ? 100 : 0);
    for ($i = 0; $i < $count; $i++) {
        $client->count('hits');
    }
    $recorded += $count;
    if ($count === 1) {
        same($client->sent + $client->dropped['not_sent'], $recorded, "what was sent after $second s");
    }
}
$client->flush();
same($client->sent + $client->dropped['not_sent'], $recorded, 'what was sent in an hour');
same(count(received($server)), $client->sent - $sent, 'what arrived when the server was back');

fclose($server);
$client = new Client(['auth' => 'KEY', 'port' => $port]);
for ($i = 0; $i < 10; $i++) {
    $client->count('hits');
    $client->flush();
}
same($client->sent + $client->dropped['not_sent'], 10, 'what was sent to nobody');
$client = new Client(['auth' => 'KEY', 'host' => 'no such host', 'port' => 'x']);
$client->count('hits');
$client->flush();
same($client->dropped['not_sent'], 1, 'what was sent to nowhere');

echo "$checks checks passed\n";
