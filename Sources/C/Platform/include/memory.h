#ifndef CPLATFORM_MEMORY_H
#define CPLATFORM_MEMORY_H

#include <stddef.h>

/// Gives arrays of `bytes` and more back to the system when they are freed, and does not keep them for reuse.
///
/// glibc raises that limit up to 32 MiB by itself once such arrays were freed, in each of its arenas (`man mallopt`).
/// Returns 0 where it does nothing, which is elsewhere.
int memory_return_large(size_t bytes);

/// Gives all pages back to the system of which nothing is in use.
///
/// glibc keeps what was freed below something that is still in use, in each of its arenas (`man malloc_trim`).
/// Returns 0 where there was nothing to give back, or no way to.
int memory_return_free(void);

#endif
