#include "CMemory.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void memory_return_large(size_t bytes) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, (int)bytes);
    mallopt(M_TRIM_THRESHOLD, (int)bytes);
#else
    (void)bytes;
#endif
}
