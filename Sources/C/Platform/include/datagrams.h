#ifndef CPLATFORM_DATAGRAMS_H
#define CPLATFORM_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

/// Room for many datagrams that are received by one system call: `recvmmsg`, which Swift's Glibc module does not show.
/// Where there is no such call it receives them one by one.
struct datagram_batch;

/// - Parameter capacity: how many datagrams of up to 64 KiB a call receives at most.
/// - Returns: NULL when there is no memory. Pages are only used once a datagram has filled them.
struct datagram_batch *datagram_batch_create(unsigned capacity);
void datagram_batch_destroy(struct datagram_batch *batch);

/// Waits for the first datagram as long as the socket's `SO_RCVTIMEO` says, unless `dont_wait` is set; takes all that are
/// there already, up to the capacity.
/// - Returns: how many were received, or `-errno`: `-EAGAIN` when none came.
int datagram_batch_receive(struct datagram_batch *batch, int socket, int dont_wait);

/// The bytes of one of the datagrams received last.
const void *datagram_batch_bytes(const struct datagram_batch *batch, int position);
size_t datagram_batch_length(const struct datagram_batch *batch, int position);

/// Whether it was longer than 64 KiB, as those of Unix sockets may be, and its end is lost.
int datagram_batch_is_cut(const struct datagram_batch *batch, int position);

#endif
