#ifndef CPLATFORM_SCHEDULING_H
#define CPLATFORM_SCHEDULING_H

#include <stdbool.h>
#include <stdint.h>

/// Lets the calling thread take the processor in slices of this length: for one that has little to do at a time and is waited for. It
/// gets no more of the processor by that, but gets it sooner, from threads with longer slices (Linux 6.12 and later, `man sched_setattr`;
/// earlier ones accept it and do nothing). Threads that it starts have slices of the usual length.
/// - Parameter nanoseconds: 100,000 to 100,000,000.
/// - Returns: 0, or the `errno`: ENOSYS where there is nothing of the kind.
int thread_request_slice(uint64_t nanoseconds);

/// From now on the calling thread gives way at every `thread_give_way`: for one whose work is long and dear.
void thread_gives_way(void);

/// Lets others have the processor that wait for it, if the calling thread is one that gives way; else it does nothing. To be called some
/// ten times in a millisecond of long work. Where the kernel preempts lazily (Linux 6.13 and later), whoever has become ready else waits
/// for the next tick of the clock, up to 4 ms, unless the thread that runs happens to enter the kernel.
/// - Returns: whether the calling thread is one that gives way.
bool thread_give_way(void);

#endif
