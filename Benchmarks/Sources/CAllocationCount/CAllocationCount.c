#define _GNU_SOURCE
#include "CAllocationCount.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic int64_t calls, allocated, live;

static int64_t load(_Atomic int64_t *value) { return atomic_load_explicit(value, memory_order_relaxed); }
static void add(_Atomic int64_t *value, int64_t amount) { atomic_fetch_add_explicit(value, amount, memory_order_relaxed); }

int64_t allocation_count_calls(void) { return load(&calls); }
int64_t allocation_count_bytes(void) { return load(&allocated); }
int64_t allocation_count_live_bytes(void) { return load(&live); }

#if defined(__GLIBC__)

#include <malloc.h>

// glibc has its allocator under these names as well, so that nothing has to be looked up while allocating.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

// A piece has a word in front of it that says how long it is.
static int64_t size_of(void *memory) { return memory ? (int64_t)(malloc_usable_size(memory) + sizeof(size_t)) : 0; }

static void *noted(void *memory, size_t size) {
    add(&calls, 1);
    add(&allocated, (int64_t)size);
    add(&live, size_of(memory));
    return memory;
}

void *malloc(size_t size) { return noted(__libc_malloc(size), size); }
void *calloc(size_t count, size_t size) { return noted(__libc_calloc(count, size), count * size); }
void *aligned_alloc(size_t alignment, size_t size) { return noted(__libc_memalign(alignment, size), size); }
void *memalign(size_t alignment, size_t size) { return noted(__libc_memalign(alignment, size), size); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = noted(__libc_memalign(alignment, size), size);
    return *memory ? 0 : 12;
}

void *realloc(void *memory, size_t size) {
    int64_t before = size_of(memory);
    void *moved = __libc_realloc(memory, size);
    // Where there was no room, the old piece is still there.
    if (moved || size == 0) add(&live, -before);
    return noted(moved, size);
}

void free(void *memory) {
    add(&live, -size_of(memory));
    __libc_free(memory);
}

#endif
