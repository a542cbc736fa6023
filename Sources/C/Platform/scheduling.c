#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "scheduling.h"

#include <errno.h>
#include <sched.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

/// `struct sched_attr` as `man sched_setattr` has it: glibc does not show it.
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

enum { SCHED_FLAG_RESET_ON_FORK_VALUE = 1 };
#endif

int thread_request_slice(uint64_t nanoseconds) {
#if defined(__linux__) && defined(SYS_sched_setattr)
    struct scheduling scheduling = {0};
    // What else the thread has stays.
    if (syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0)) return errno;
    scheduling.size = sizeof scheduling;
    scheduling.runtime = nanoseconds;
    scheduling.flags |= SCHED_FLAG_RESET_ON_FORK_VALUE;
    return syscall(SYS_sched_setattr, 0, &scheduling, 0) ? errno : 0;
#else
    (void)nanoseconds;
    return ENOSYS;
#endif
}

static _Thread_local bool gives_way;

void thread_gives_way(void) { gives_way = true; }

bool thread_give_way(void) {
    if (gives_way) sched_yield();
    return gives_way;
}
