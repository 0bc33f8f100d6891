#include "report.h"

#include <stdlib.h>
#include <string.h>

/* Free slots last, then by falling count, then by the alphabet. */
static int compare(const void *left, const void *right)
{
    const struct count *a = left, *b = right;
    if (!a->word || !b->word)
        return !a->word - !b->word;
    if (a->times != b->times)
        return a->times < b->times ? 1 : -1;
    return strcmp(a->word, b->word);
}

void report_print(FILE *to, struct table *table, size_t lines)
{
    if (table->capacity > 0)
        qsort(table->slots, table->capacity, sizeof *table->slots, compare);
    for (size_t i = 0; i < lines && i < table->used; i++)
        fprintf(to, "%6zu %s\n", table->slots[i].times, table->slots[i].word);
}
