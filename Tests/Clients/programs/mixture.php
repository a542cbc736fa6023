<?php

// Three periods of a known mixture, and what of it was handed to the system.

require __DIR__ . '/../../../clients/php/src/Client.php';

$stats = new Dattss\Client(['process' => 'mixture']);

function counted(Dattss\Client $stats): array
{
    // Two statistics, sample by sample in turns: each datagram has as many of one as of the other.
    return ['sent' => intdiv($stats->sent, 2), 'dropped' => intdiv(array_sum($stats->dropped), 2)];
}

$before = ['sent' => 0, 'dropped' => 0];
for ($period = 0; $period < 3; $period++) {
    for ($i = 0; $i < 200; $i++) {
        $stats->agg('mix.hits', $i === 0 ? '1c!' : '1c');
        $stats->time('mix.wait', 1 + $i);
        if ($i % 10 === 9) {
            $stats->flush();
        }
    }
    $now = counted($stats);
    echo "period $period ", json_encode(['sent' => $now['sent'] - $before['sent'], 'dropped' => $now['dropped'] - $before['dropped']]), "\n";
    $before = $now;
    fgets(STDIN);
}
echo json_encode($before), "\n";
