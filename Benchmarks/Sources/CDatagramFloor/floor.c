#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "CDatagramFloor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __linux__

enum {
    BATCH = 64,
    BUFFER_BYTES = 2048,
    DATAGRAM_MAX = BUFFER_BYTES - DATAGRAM_FLOOR_SLACK,
    /// To be woken once for many datagrams costs less than for each: as long as the server waits, too.
    GATHER_MICROSECONDS = 500
};

int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts) {
    struct timeval tenth = {0, 100000};
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &tenth, sizeof tenth) != 0) return errno;
    struct datagram_floor_table *table = datagram_floor_table_create();
    char *buffers = malloc((size_t)BATCH * BUFFER_BYTES);
    int error = table && buffers ? 0 : ENOMEM;
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){buffers ? buffers + i * BUFFER_BYTES : NULL, DATAGRAM_MAX};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (!error && !*stop) {
        int count = recvmmsg(socket, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) error = errno;
        for (int i = 0; i < count; i++) {
            if (messages[i].msg_hdr.msg_flags & MSG_TRUNC) counts->bad_lines += 1;
            else datagram_floor_take(table, vectors[i].iov_base, messages[i].msg_len, counts);
        }
        if (count > 0 && count < BATCH) usleep(GATHER_MICROSECONDS);
    }
    free(buffers);
    datagram_floor_table_destroy(table);
    return error;
}

#else

int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts) {
    (void)socket, (void)stop, (void)counts;
    return ENOSYS;
}

#endif
