#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "datagrams.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    DATAGRAM_MAX = 65536,
    /// Further apart than a datagram is long, by no power of two: otherwise all buffers share the same few lines of the cache.
    BUFFER_STRIDE = DATAGRAM_MAX + 704
};

#ifndef __linux__
struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned msg_len;
};
#endif

struct datagram_batch {
    unsigned capacity;
    char *buffers;
    struct iovec *vectors;
    struct mmsghdr *messages;
};

struct datagram_batch *datagram_batch_create(unsigned capacity) {
    struct datagram_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->capacity = capacity;
    batch->buffers = malloc((size_t)capacity * BUFFER_STRIDE);
    batch->vectors = calloc(capacity, sizeof *batch->vectors);
    batch->messages = calloc(capacity, sizeof *batch->messages);
    if (!batch->buffers || !batch->vectors || !batch->messages) {
        datagram_batch_destroy(batch);
        return NULL;
    }
    for (size_t i = 0; i < capacity; i++) {
        batch->vectors[i] = (struct iovec){batch->buffers + i * BUFFER_STRIDE, DATAGRAM_MAX};
        batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
    }
    return batch;
}

void datagram_batch_destroy(struct datagram_batch *batch) {
    if (!batch) return;
    free(batch->messages);
    free(batch->vectors);
    free(batch->buffers);
    free(batch);
}

int datagram_batch_receive(struct datagram_batch *batch, int socket, int dont_wait) {
#ifdef __linux__
    int flags = dont_wait ? MSG_DONTWAIT : MSG_WAITFORONE;
    int count = recvmmsg(socket, batch->messages, batch->capacity, flags, NULL);
    return count < 0 ? -errno : count;
#else
    ssize_t length = recvmsg(socket, &batch->messages[0].msg_hdr, dont_wait ? MSG_DONTWAIT : 0);
    if (length < 0) return -errno;
    batch->messages[0].msg_len = (unsigned)length;
    return 1;
#endif
}

const void *datagram_batch_bytes(const struct datagram_batch *batch, int position) {
    return batch->vectors[position].iov_base;
}

size_t datagram_batch_length(const struct datagram_batch *batch, int position) { return batch->messages[position].msg_len; }

int datagram_batch_is_cut(const struct datagram_batch *batch, int position) {
    return (batch->messages[position].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}
