#define _GNU_SOURCE
#include "CLoadSockets.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

enum { datagrams_per_call = 256, events_per_call = 256 };

int load_send_datagrams(int socket, const uint8_t *bytes, const load_slice *slices, int count) {
    struct mmsghdr messages[datagrams_per_call];
    struct iovec pieces[datagrams_per_call];
    int sent = 0;
    while (sent < count) {
        int batch = count - sent < datagrams_per_call ? count - sent : datagrams_per_call;
        for (int i = 0; i < batch; i++) {
            pieces[i].iov_base = (void *)(bytes + slices[sent + i].offset);
            pieces[i].iov_len = slices[sent + i].length;
            messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &pieces[i], .msg_iovlen = 1}};
        }
        int done = sendmmsg(socket, messages, batch, 0);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        sent += done;
    }
    return sent;
}

int load_poll_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int load_poll_add(int poll, int socket, uint32_t token) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u32 = token}};
    return epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

int load_poll_wait(int poll, uint32_t *tokens, int capacity, int64_t nanoseconds) {
    struct epoll_event events[events_per_call];
    if (capacity > events_per_call) capacity = events_per_call;
    if (nanoseconds < 0) nanoseconds = 0;
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(poll, events, capacity, &limit, NULL);
    // A kernel before 5.11 knows only milliseconds.
    if (count < 0 && errno == ENOSYS) count = epoll_wait(poll, events, capacity, (int)((nanoseconds + 999999) / 1000000));
    for (int i = 0; i < count; i++) tokens[i] = events[i].data.u32;
    return count < 0 && errno == EINTR ? 0 : count;
}

void load_wake_precisely(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0); }

#else

static int unsupported(void) {
    errno = ENOSYS;
    return -1;
}

int load_send_datagrams(int socket, const uint8_t *bytes, const load_slice *slices, int count) { return unsupported(); }
int load_poll_open(void) { return unsupported(); }
int load_poll_add(int poll, int socket, uint32_t token) { return unsupported(); }
int load_poll_wait(int poll, uint32_t *tokens, int capacity, int64_t nanoseconds) { return unsupported(); }
void load_wake_precisely(void) {}

#endif

ssize_t load_send_pair(int socket, const void *first, size_t first_length, const void *second, size_t second_length) {
    struct iovec pieces[2] = {
        {.iov_base = (void *)first, .iov_len = first_length}, {.iov_base = (void *)second, .iov_len = second_length}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2};
    int flags = 0;
#if defined(MSG_NOSIGNAL)
    flags = MSG_NOSIGNAL;
#endif
    return sendmsg(socket, &message, flags);
}
