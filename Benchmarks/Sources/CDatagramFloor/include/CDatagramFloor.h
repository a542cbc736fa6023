#ifndef C_DATAGRAM_FLOOR_H
#define C_DATAGRAM_FLOOR_H

#include <stddef.h>
#include <stdint.h>

/// The floor under the UDP port: the least that a program can do which receives statsd lines and tells names apart.
///
/// A bare loop in C: `recvmmsg`, find the name, the number and the type, hash the name, add the number to its entry of an
/// open-addressing table. No sketches, no users, no rates, no tags, no names checked, nothing handed on. It is meant to be the
/// fastest that is known: buffers of 2 KB side by side, entries of a cache line in a table that is as large as its names need,
/// names compared by words, the memory of all lines of a datagram asked for before the first is added. Benchmarks compare the
/// server with it in the same run; no part of the server calls it.
struct datagram_floor_counts {
    uint64_t datagrams;
    uint64_t bytes;
    uint64_t samples;
    /// Also datagrams that did not fit into their buffer.
    uint64_t bad_lines;
    uint64_t names;
};

/// What was added up of one name.
struct datagram_floor_sums {
    double sum, min, max;
    uint64_t count;
};

enum {
    /// How many bytes behind its end have to be readable in what is given to ``datagram_floor_take``.
    DATAGRAM_FLOOR_SLACK = 32
};

struct datagram_floor_table;

/// - Returns: NULL when there is no memory.
struct datagram_floor_table *datagram_floor_table_create(void);
void datagram_floor_table_destroy(struct datagram_floor_table *table);

/// Adds up the lines of a datagram, of which ``DATAGRAM_FLOOR_SLACK`` bytes more must be readable.
void datagram_floor_take(
    struct datagram_floor_table *table, const char *bytes, size_t length, struct datagram_floor_counts *counts);

/// - Parameter name: with ``DATAGRAM_FLOOR_SLACK`` readable bytes behind it.
/// - Returns: 0 when nothing came of that name.
int datagram_floor_find(
    const struct datagram_floor_table *table, const char *name, size_t length, struct datagram_floor_sums *sums);

/// Receives from a bound UDP socket until `*stop` is not 0, which is looked at after each batch and every tenth of a second.
/// - Returns: 0, or the `errno` of what failed.
int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts);

#endif
