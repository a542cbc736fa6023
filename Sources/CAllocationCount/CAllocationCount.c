#define _GNU_SOURCE
#include "CAllocationCount.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic int64_t allocated;

int64_t allocation_count_bytes(void) { return atomic_load_explicit(&allocated, memory_order_relaxed); }

#if defined(__GLIBC__)

// glibc has its allocator under these names as well, so that nothing has to be looked up while allocating.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void note(size_t size) { atomic_fetch_add_explicit(&allocated, (int64_t)size, memory_order_relaxed); }

void *malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note(count * size);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    note(size);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    note(size);
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : 12;
}

#endif
