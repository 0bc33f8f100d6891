#include "table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. */
static uint64_t hash(const char *word)
{
    uint64_t hash = 14695981039346656037u;
    for (; *word; word++)
        hash = (hash ^ (unsigned char)*word) * 1099511628211u;
    return hash;
}

/* The slot that has the word, or the free one where it belongs. */
static struct count *find(struct count *slots, size_t capacity, const char *word)
{
    size_t at = hash(word) & (capacity - 1);
    while (slots[at].word && strcmp(slots[at].word, word) != 0)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static int grow(struct table *table)
{
    size_t capacity = table->capacity ? 2 * table->capacity : 64;
    struct count *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return -1;
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].word)
            *find(slots, capacity, table->slots[i].word) = table->slots[i];
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    return 0;
}

int table_add(struct table *table, const char *word)
{
    if (4 * (table->used + 1) > 3 * table->capacity && grow(table) != 0)
        return -1;
    struct count *slot = find(table->slots, table->capacity, word);
    if (!slot->word) {
        slot->word = strdup(word);
        if (!slot->word)
            return -1;
        table->used++;
    }
    slot->times++;
    return 0;
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->capacity; i++)
        free(table->slots[i].word);
    free(table->slots);
    *table = (struct table){0};
}
