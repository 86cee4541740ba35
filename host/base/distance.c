/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distance.c: how near two words are (optimal string alignment). Apart from suggest.c so that the worker can link it:
 * no allocation, no formatting, no libc state.
 */
#include "base/macros.h"
#include "base/suggest.h"

#include <string.h>

enum { LONGEST = 63, FAR = 1000 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

unsigned nf_word_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST)
        return FAR;
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= lb; j++)
        last[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned cost = lower(a[i - 1]) != lower(b[j - 1]);
            unsigned best = NF_MIN(last[j] + 1, now[j - 1] + 1);
            best = NF_MIN(best, last[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
                && lower(a[i - 2]) == lower(b[j - 1]))
                best = NF_MIN(best, before[j - 2] + 1);
            now[j] = best;
        }
        unsigned *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[lb];
}

int nf_word_near(unsigned distance, size_t length)
{
    return distance <= NF_MAX(1, length / 3);
}

const char *nf_suggest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    unsigned least = FAR;
    for (; *candidates; candidates++) {
        unsigned distance = nf_word_distance(word, *candidates);
        if (distance < least) {
            least = distance;
            best = *candidates;
        }
    }
    return best && nf_word_near(least, strlen(word)) ? best : NULL;
}
