#ifndef CMEMORY_H
#define CMEMORY_H

#include <stddef.h>

/// Gives arrays of `bytes` and more back to the system when they are freed, and does not keep them for reuse.
///
/// glibc raises that limit up to 32 MiB by itself once such arrays were freed, in each of its arenas (`man mallopt`).
/// Elsewhere this does nothing.
void memory_return_large(size_t bytes);

#endif
