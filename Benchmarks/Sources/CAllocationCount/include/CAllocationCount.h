/// Counts what a program allocates, from outside: a library for LD_PRELOAD that stands before malloc. Only benchmarks and
/// tests load it; nothing links it.
#ifndef C_ALLOCATION_COUNT_H
#define C_ALLOCATION_COUNT_H

#include <stdint.h>

/// How often memory was asked for, of all threads.
int64_t allocation_count_calls(void);

/// Bytes that were ever asked for.
int64_t allocation_count_bytes(void);

/// Bytes that are in use, with what the allocator keeps beside each piece.
int64_t allocation_count_live_bytes(void);

#endif
