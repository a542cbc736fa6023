/// Counts what a program allocates, from outside: a library for LD_PRELOAD that stands before malloc. Only benchmarks load
/// it; nothing links it.
#ifndef C_ALLOCATION_COUNT_H
#define C_ALLOCATION_COUNT_H

#include <stdint.h>

/// Bytes that were ever asked for, of all threads.
int64_t allocation_count_bytes(void);

#endif
