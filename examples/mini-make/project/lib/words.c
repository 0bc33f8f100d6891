#include "words.h"

#include <ctype.h>

int words_count(FILE *text, struct table *table)
{
    char word[WORD_MAX + 1];
    size_t length = 0;
    int c;
    do {
        c = getc(text);
        if (c != EOF && isalpha(c)) {
            if (length < WORD_MAX)
                word[length++] = (char)tolower(c);
            continue;
        }
        word[length] = '\0';
        if (length > 0 && table_add(table, word) != 0)
            return -1;
        length = 0;
    } while (c != EOF);
    return ferror(text) ? -1 : 0;
}
