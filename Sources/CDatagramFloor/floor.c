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

#ifdef __linux__

enum {
    BATCH = 64,
    DATAGRAM_MAX = 65536,
    /// Not a power of two, so that the buffers do not share the same few lines of the cache.
    BUFFER_STRIDE = DATAGRAM_MAX + 704,
    TABLE_SIZE = 1 << 21,
    NAME_MAX_BYTES = 55
};

struct entry {
    uint64_t hash;
    double sum, min, max;
    uint64_t count;
    uint8_t length;
    char name[NAME_MAX_BYTES];
};

static uint64_t hash_name(const char *name, size_t length) {
    uint64_t hash = 0x9e3779b97f4a7c15ull ^ length;
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, name, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdull;
        hash ^= hash >> 32;
        name += 8;
        length -= 8;
    }
    uint64_t rest = 0;
    memcpy(&rest, name, length);
    hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53ull;
    return (hash ^ (hash >> 29)) | 1;
}

static struct entry *look_up(struct entry *table, const char *name, size_t length, uint64_t *names) {
    uint64_t hash = hash_name(name, length);
    for (size_t slot = hash >> 16;; slot++) {
        struct entry *entry = &table[slot & (TABLE_SIZE - 1)];
        if (entry->hash == hash && entry->length == length && memcmp(entry->name, name, length) == 0) return entry;
        if (entry->hash == 0) {
            if (*names >= TABLE_SIZE / 2) return NULL;
            *names += 1;
            entry->hash = hash;
            entry->length = (uint8_t)length;
            memcpy(entry->name, name, length);
            entry->min = 1e308;
            entry->max = -1e308;
            return entry;
        }
    }
}

/// `name:value|type`
static int take_line(struct entry *table, const char *line, const char *end, struct datagram_floor_counts *counts) {
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || colon == line || colon - line > NAME_MAX_BYTES) return 0;
    const char *at = colon + 1;
    int negative = at < end && *at == '-';
    at += negative;
    double value = 0, unit = 1;
    const char *digits = at;
    for (; at < end && *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
    if (at == digits) return 0;
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) value += (*at - '0') * (unit /= 10);
    }
    if (negative) value = -value;
    if (end - at < 2 || at[0] != '|' || (at[1] != 'c' && at[1] != 'm' && at[1] != 'g')) return 0;
    struct entry *entry = look_up(table, line, (size_t)(colon - line), &counts->names);
    if (!entry) return 0;
    entry->sum += value;
    entry->count += 1;
    if (value < entry->min) entry->min = value;
    if (value > entry->max) entry->max = value;
    return 1;
}

static void take_datagram(struct entry *table, const char *bytes, size_t length, struct datagram_floor_counts *counts) {
    const char *end = bytes + length;
    counts->datagrams += 1;
    counts->bytes += length;
    while (bytes < end) {
        const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
        if (!line_end) line_end = end;
        if (take_line(table, bytes, line_end, counts)) counts->samples += 1;
        else if (line_end > bytes) counts->bad_lines += 1;
        bytes = line_end + 1;
    }
}

int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts) {
    struct timeval tenth = {0, 100000};
    if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &tenth, sizeof tenth) != 0) return errno;
    struct entry *table = calloc(TABLE_SIZE, sizeof *table);
    char *buffers = malloc((size_t)BATCH * BUFFER_STRIDE);
    int error = table && buffers ? 0 : ENOMEM;
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    memset(messages, 0, sizeof messages);
    for (size_t i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){buffers ? buffers + i * BUFFER_STRIDE : NULL, DATAGRAM_MAX};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (!error && !*stop) {
        int count = recvmmsg(socket, messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) error = errno;
        for (int i = 0; i < count; i++) take_datagram(table, vectors[i].iov_base, messages[i].msg_len, counts);
    }
    for (size_t slot = 0; table && slot < TABLE_SIZE; slot++) counts->sum += table[slot].sum;
    free(buffers);
    free(table);
    return error;
}

#else

int datagram_floor_run(int socket, const volatile int *stop, struct datagram_floor_counts *counts) {
    (void)socket, (void)stop, (void)counts;
    return ENOSYS;
}

#endif
