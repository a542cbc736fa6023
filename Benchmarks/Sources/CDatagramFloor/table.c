#include "CDatagramFloor.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORDS = 3,
    INLINE_BYTES = 8 * WORDS,
    LINES_AHEAD = 64,
    DECIMALS_MAX = 15,
    FIRST_SIZE = 1024
};

/// The statistics of a name: a cache line. A name longer than 24 bytes lies elsewhere, behind its first 16.
struct entry {
    double sum, min, max;
    uint64_t count;
    uint32_t hash;
    /// 0 where there is no name.
    uint32_t length;
    uint64_t words[WORDS];
} __attribute__((aligned(64)));

struct datagram_floor_table {
    struct entry *entries;
    size_t size, names;
};

/// A name as words, of which those that are too much are 0.
struct name {
    const char *bytes;
    uint32_t length, hash;
    uint64_t words[WORDS];
};

struct line {
    struct name name;
    double value;
};

_Static_assert(sizeof(struct entry) == 64, "an entry is a cache line");

static uint64_t word_at(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

/// The first so many bytes of a word, by a little-endian processor's order.
static uint64_t head_of(uint64_t word, size_t bytes) { return bytes >= 8 ? word : word & ((1ull << (8 * bytes)) - 1); }

static uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdull;
    return hash ^ hash >> 32;
}

static inline void make_name(struct name *name, const char *bytes, size_t length) {
    name->bytes = bytes;
    name->length = (uint32_t)length;
    name->words[0] = head_of(word_at(bytes), length);
    name->words[1] = length > 8 ? head_of(word_at(bytes + 8), length - 8) : 0;
    name->words[2] = length > 16 ? head_of(word_at(bytes + 16), length - 16) : 0;
    uint64_t hash = mixed(mixed(mixed(length, name->words[0]), name->words[1]), name->words[2]);
    for (size_t at = INLINE_BYTES; at < length; at += 8) hash = mixed(hash, head_of(word_at(bytes + at), length - at));
    name->hash = (uint32_t)hash;
}

static inline int is_of(const struct entry *entry, const struct name *name) {
    if (entry->hash != name->hash || entry->length != name->length) return 0;
    uint64_t difference = (entry->words[0] ^ name->words[0]) | (entry->words[1] ^ name->words[1]);
    if (name->length <= INLINE_BYTES) return (difference | (entry->words[2] ^ name->words[2])) == 0;
    return difference == 0 && memcmp((const char *)(uintptr_t)entry->words[2], name->bytes, name->length) == 0;
}

static struct entry *slot_of(const struct datagram_floor_table *table, const struct name *name) {
    size_t slot = name->hash & (table->size - 1);
    while (table->entries[slot].length != 0 && !is_of(&table->entries[slot], name)) slot = (slot + 1) & (table->size - 1);
    return &table->entries[slot];
}

/// - Returns: NULL when there is no memory.
static struct entry *empty_entries(size_t size) {
    struct entry *entries = aligned_alloc(64, size * sizeof *entries);
    if (entries) memset(entries, 0, size * sizeof *entries);
    return entries;
}

/// Makes room for one name more. Half of the entries stay free, so that few names are looked for in more than one place.
static int make_room(struct datagram_floor_table *table) {
    if (table->names < table->size / 2) return 1;
    struct entry *entries = empty_entries(table->size * 2);
    if (!entries) return 0;
    size_t mask = table->size * 2 - 1;
    for (size_t old = 0; old < table->size; old++) {
        if (table->entries[old].length == 0) continue;
        size_t slot = table->entries[old].hash & mask;
        while (entries[slot].length != 0) slot = (slot + 1) & mask;
        entries[slot] = table->entries[old];
    }
    free(table->entries);
    table->entries = entries;
    table->size *= 2;
    return 1;
}

__attribute__((noinline)) static struct entry *insert(struct datagram_floor_table *table, const struct name *name) {
    if (!make_room(table)) return NULL;
    struct entry *entry = slot_of(table, name);
    memcpy(entry->words, name->words, sizeof entry->words);
    if (name->length > INLINE_BYTES) {
        char *copy = malloc(name->length);
        if (!copy) return NULL;
        memcpy(copy, name->bytes, name->length);
        entry->words[2] = (uintptr_t)copy;
    }
    entry->hash = name->hash;
    entry->length = name->length;
    entry->min = 1e308;
    entry->max = -1e308;
    table->names += 1;
    return entry;
}

static const double powers[DECIMALS_MAX + 1] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/// Where a byte first is in a word, and 8 when it is not: subtracting borrows from a byte's top bit where the byte is 0.
static inline size_t index_in(uint64_t word, char byte) {
    uint64_t other = word ^ 0x0101010101010101ull * (unsigned char)byte;
    uint64_t found = (other - 0x0101010101010101ull) & ~other & 0x8080808080808080ull;
    return found ? (size_t)__builtin_ctzll(found) / 8 : 8;
}

/// Where the first colon or line's end is in a word, and 8 where there is none.
static inline size_t index_in_either(uint64_t word) {
    size_t colon = index_in(word, ':'), newline = index_in(word, '\n');
    return colon < newline ? colon : newline;
}

/// Without a branch: which of the three it is nobody can foretell.
static inline int is_type(char byte) { return (byte == 'c') | (byte == 'm') | (byte == 'g'); }

/// Reads a number of which there are at most eight bytes up to a bar, as nearly all, without a branch that depends on how
/// many digits it has: the point is taken out, and eight digits become a number at once.
/// - Returns: where the bar is, or NULL when it is another number or none.
static inline const char *read_usual_number(const char *at, double *value) {
    uint64_t text = word_at(at);
    size_t bar = index_in(text, '|'), point = index_in(text, '.');
    size_t has_point = point < bar, before = has_point ? point : bar, count = bar - has_point;
    if (bar == 8 || before == 0) return NULL;
    uint64_t whole = (1ull << (8 * before)) - 1;
    uint64_t digits = (text & whole) | ((text >> 8 * has_point) & ~whole);
    digits = (digits ^ 0x3030303030303030ull) << (64 - 8 * count);
    if (((digits + 0x7676767676767676ull) | digits) & 0x8080808080808080ull) return NULL;
    // Pairs, then fours, then all eight (D. Lemire, "Quickly parsing eight digits").
    digits = digits * 10 + (digits >> 8);
    uint64_t upper = (digits & 0x000000ff000000ffull) * 0x000f424000000064ull;
    uint64_t lower = ((digits >> 16) & 0x000000ff000000ffull) * 0x0000271000000001ull;
    *value = (double)((upper + lower) >> 32) / powers[count - before];
    return at + bar;
}

/// - Returns: behind the number, or NULL when there is none.
static const char *read_number(const char *at, const char *end, double *value) {
    int negative = at < end && *at == '-';
    at += negative;
    uint64_t number = 0;
    size_t count = 0, decimals = 0;
    for (; at < end && (unsigned)(*at - '0') < 10; at++, count++) number = number * 10 + (uint64_t)(*at - '0');
    if (count == 0) return NULL;
    if (at < end && *at == '.') {
        for (at++; at < end && (unsigned)(*at - '0') < 10; at++, decimals++) number = number * 10 + (uint64_t)(*at - '0');
    }
    if (count + decimals > DECIMALS_MAX) return NULL;
    *value = (double)number / powers[decimals];
    if (negative) *value = -*value;
    return at;
}

/// Reads `name:value|type` and whatever is behind it in the line.
/// - Returns: where the next line begins; the name has no bytes when the line is none.
static inline const char *read_line(const char *at, const char *end, struct line *line) {
    const char *start = at;
    line->name.length = 0;
    while (index_in_either(word_at(at)) == 8 && at < end) at += 8;
    at += index_in_either(word_at(at));
    size_t length = (size_t)(at - start);
    const char *bar = NULL;
    if (at < end && length > 0 && *at == ':') {
        bar = read_usual_number(at + 1, &line->value);
        if (!bar) bar = read_number(at + 1, end, &line->value);
    }
    if (bar && end - bar >= 2 && ((bar[0] == '|') & is_type(bar[1]))) {
        make_name(&line->name, start, length);
        at = bar + 2 + (bar[1] == 'm');
    } else {
        at = start;
    }
    if (at < end && *at == '\n') return at + 1;
    const char *newline = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return newline ? newline + 1 : end;
}

static inline void add(struct entry *entry, double value) {
    entry->sum += value;
    entry->count += 1;
    if (value < entry->min) entry->min = value;
    if (value > entry->max) entry->max = value;
}

void datagram_floor_take(
    struct datagram_floor_table *table, const char *bytes, size_t length, struct datagram_floor_counts *counts) {
    const char *end = bytes + length;
    struct line lines[LINES_AHEAD];
    counts->datagrams += 1;
    counts->bytes += length;
    while (bytes < end) {
        size_t count = 0;
        while (count < LINES_AHEAD && bytes < end) {
            const char *start = bytes;
            bytes = read_line(bytes, end, &lines[count]);
            if (lines[count].name.length != 0) {
                __builtin_prefetch(&table->entries[lines[count].name.hash & (table->size - 1)], 1);
                count += 1;
            } else if (*start != '\n') {
                counts->bad_lines += 1;
            }
        }
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = slot_of(table, &lines[i].name);
            if (entry->length == 0) entry = insert(table, &lines[i].name);
            if (!entry) {
                counts->bad_lines += 1;
                continue;
            }
            add(entry, lines[i].value);
            counts->samples += 1;
        }
    }
    counts->names = table->names;
}

int datagram_floor_find(
    const struct datagram_floor_table *table, const char *bytes, size_t length, struct datagram_floor_sums *sums) {
    struct name name;
    make_name(&name, bytes, length);
    const struct entry *entry = slot_of(table, &name);
    if (entry->length == 0) return 0;
    *sums = (struct datagram_floor_sums){entry->sum, entry->min, entry->max, entry->count};
    return 1;
}

struct datagram_floor_table *datagram_floor_table_create(void) {
    struct datagram_floor_table *table = malloc(sizeof *table);
    if (!table) return NULL;
    *table = (struct datagram_floor_table){empty_entries(FIRST_SIZE), FIRST_SIZE, 0};
    if (table->entries) return table;
    free(table);
    return NULL;
}

void datagram_floor_table_destroy(struct datagram_floor_table *table) {
    if (!table) return;
    for (size_t slot = 0; slot < table->size; slot++) {
        if (table->entries[slot].length > INLINE_BYTES) free((void *)(uintptr_t)table->entries[slot].words[2]);
    }
    free(table->entries);
    free(table);
}
