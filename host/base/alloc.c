/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.c: see alloc.h; also the one place where a bug ends the process. */
#include "base/alloc.h"

#include "base/macros.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nf_bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "nimflow: bug at %s:%d: ", file, line);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

static void *checked(void *memory, size_t size)
{
    if (!memory)
        nf_bug("out of memory (%zu bytes)", size);
    return memory;
}

void *nf_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1), size);
}

void *nf_realloc(void *old, size_t size)
{
    return checked(realloc(old, size ? size : 1), size);
}

char *nf_memdup(const void *bytes, size_t size)
{
    char *copy = checked(malloc(size + 1), size);
    if (size)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *nf_strdup(const char *text)
{
    return text ? nf_memdup(text, strlen(text)) : NULL;
}

char *nf_format(const char *format, ...)
{
    char *out = NULL;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&out, format, args);
    va_end(args);
    return checked(n < 0 ? NULL : out, 0);
}
