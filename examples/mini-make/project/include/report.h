/* Saying what was counted. */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "table.h"

/* How many words a report has. */
#define REPORT_LINES 5

/* Prints the words that come most often, these first. It sorts the table, which cannot be added to
 * afterwards. */
void report_print(FILE *to, struct table *table, size_t lines);

#endif
