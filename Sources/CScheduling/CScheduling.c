#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "CScheduling.h"

#ifdef __linux__

#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// As in the kernel's linux/sched/types.h; the C library has had it only since 2.41, under the same name.
struct attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

int scheduling_be_nice(int niceness) { return setpriority(PRIO_PROCESS, 0, niceness) == 0; }

int scheduling_take_slices(uint64_t nanoseconds) {
    struct attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return 0;
    // Whoever runs it under another policy knows why.
    if (attributes.policy != 0) return 0;
    attributes.size = sizeof attributes;
    attributes.runtime = nanoseconds;
    return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

#else

int scheduling_be_nice(int niceness) {
    (void)niceness;
    return 0;
}

int scheduling_take_slices(uint64_t nanoseconds) {
    (void)nanoseconds;
    return 0;
}

#endif
