#ifndef CPLATFORM_SCHEDULING_H
#define CPLATFORM_SCHEDULING_H

#include <stdint.h>

/// Lets the calling thread take the processor in slices of this length: for one that has little to do at a time and is waited for. It
/// gets no more of the processor by that, but gets it sooner, from threads with longer slices (Linux 6.12 and later, `man sched_setattr`;
/// earlier ones accept it and do nothing). Threads that it starts have slices of the usual length.
/// - Parameter nanoseconds: 100,000 to 100,000,000.
/// - Returns: 0, or the `errno`: ENOSYS where there is nothing of the kind.
int thread_request_slice(uint64_t nanoseconds);

#endif
