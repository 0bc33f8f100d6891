/* A hash table that counts words. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

struct count {
    char *word;
    size_t times;
};

struct table {
    struct count *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t used;
};

/* Counts one more of a word. Returns 0, or -1 when there is no memory for it. */
int table_add(struct table *table, const char *word);

void table_free(struct table *table);

#endif
