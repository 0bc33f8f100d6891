/* Taking a text apart. */
#ifndef WORDS_H
#define WORDS_H

#include <stdio.h>

#include "table.h"

/* The longest word in bytes; what is longer is cut. */
#define WORD_MAX 63

/* Counts the words of a text, in lower case. Returns 0, or -1 with errno set. */
int words_count(FILE *text, struct table *table);

#endif
