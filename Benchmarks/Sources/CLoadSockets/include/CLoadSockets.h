/// The few calls of Linux that `dattss-bench load` needs and that Swift's Glibc module does not show, because they hide behind
/// _GNU_SOURCE: many datagrams a call, and waiting for many connections with a time limit in nanoseconds.
#ifndef C_LOAD_SOCKETS_H
#define C_LOAD_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Where a datagram lies in a block of bytes.
typedef struct {
    uint32_t offset;
    uint32_t length;
} load_slice;

/// Sends datagrams through a connected socket with one system call a few hundred of them.
/// Returns how many were sent; fewer than `count` when the next one failed, and then errno says why.
int load_send_datagrams(int socket, const uint8_t *bytes, const load_slice *slices, int count);

/// Sends two pieces of memory as one. Returns what sendmsg returns.
ssize_t load_send_pair(int socket, const void *first, size_t first_length, const void *second, size_t second_length);

/// Opens a set of sockets to wait for. Returns its descriptor.
int load_poll_open(void);

/// Adds a socket, which is reported under `token` when it becomes readable or writable (edge-triggered).
int load_poll_add(int poll, int socket, uint32_t token);

/// Waits until something happens or so many nanoseconds have passed. Returns how many tokens were filled in, or -1.
int load_poll_wait(int poll, uint32_t *tokens, int capacity, int64_t nanoseconds);

/// Lets the calling thread wake up when it asked to, and not within the usual 50 µs of it.
void load_wake_precisely(void);

#endif
