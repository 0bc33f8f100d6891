/* tally FILE...: the words that come most often in some files. */
#include <stdio.h>

#include "report.h"
#include "words.h"

int main(int argc, char **argv)
{
    struct table table = {0};
    for (int i = 1; i < argc; i++) {
        FILE *text = fopen(argv[i], "r");
        if (!text || words_count(text, &table) != 0) {
            perror(argv[i]);
            return 1;
        }
        fclose(text);
    }
    report_print(stdout, &table, REPORT_LINES);
    table_free(&table);
    return 0;
}
