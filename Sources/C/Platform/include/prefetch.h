#ifndef CPLATFORM_PREFETCH_H
#define CPLATFORM_PREFETCH_H

/// Asks for a line of memory without waiting for it, which Swift has no way to say. The address need not be a valid one.
static inline void prefetch(const void *address) { __builtin_prefetch(address); }

#endif
