#ifndef CSCHEDULING_H
#define CSCHEDULING_H

#include <stdint.h>

/// How little processor time the calling thread wants against others: 0 to 19. An unprivileged one cannot take it back.
///
/// On Linux a niceness belongs to a thread (`man 2 setpriority`, notes). Returns 0 where it does nothing, which is elsewhere.
int scheduling_be_nice(int niceness);

/// For how long the calling thread may run at a stretch when others wait: a short slice is also given sooner.
///
/// From Linux 6.12 on (`sched_runtime` of `man 2 sched_setattr` for ordinary threads; 0.1 to 100 ms). Returns 0 where it does nothing.
int scheduling_take_slices(uint64_t nanoseconds);

#endif
