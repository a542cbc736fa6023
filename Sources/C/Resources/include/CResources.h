#pragma once
#include <stddef.h>

/// A file that is part of the program.
struct resource {
    const char *name;
    const unsigned char *bytes;
    size_t size;
};

/// How many files the dashboard has, and each of them.
int dashboard_count(void);
struct resource dashboard_file(int index);

/// The description of the API.
struct resource openapi_file(void);
