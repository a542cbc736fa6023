<?php

// Nanoseconds a call, system calls included; the best of several runs.

require __DIR__ . '/src/Client.php';

$server = stream_socket_server('udp://127.0.0.1:0', $code, $message, STREAM_SERVER_BIND);
$port = (int) substr(strrchr(stream_socket_get_name($server, false), ':'), 1);
$client = new Dattss\Client(['auth' => 'KEY', 'port' => $port]);
$least = INF;
for ($run = 0; $run < 9; $run++) {
    $start = hrtime(true);
    for ($i = 0; $i < 100000; $i++) {
        $client->agg('routes.get', '153ms');
    }
    $least = min($least, (hrtime(true) - $start) / 100000);
}
printf("agg(path, sample)  %d ns\n", $least);
