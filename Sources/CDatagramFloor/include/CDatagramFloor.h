#ifndef C_DATAGRAM_FLOOR_H
#define C_DATAGRAM_FLOOR_H

#include <stdint.h>

/// The floor under the UDP port: the least that a program can do which receives statsd lines and tells names apart.
///
/// A bare loop in C: `recvmmsg`, find the name, the number and the type, hash the name, add the number to its entry of an
/// open-addressing table. No sketches, no users, no rates, no tags, nothing handed on. Benchmarks compare the server with
/// it in the same run; no part of the server calls it.
struct datagram_floor_counts {
    uint64_t datagrams;
    uint64_t bytes;
    uint64_t samples;
    uint64_t bad_lines;
    uint64_t names;
    /// What a receiver must not let the compiler leave out.
    double sum;
};

/// Receives from a bound UDP socket until `*stop` is not 0, which is looked at after each batch and every tenth of a second.
/// - Returns: 0, or the `errno` of what failed.
int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts);

#endif
