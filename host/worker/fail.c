/* SPDX-License-Identifier: Apache-2.0 */
/* fail.c: see fail.h; also the worker's own nf_bug_at, since base's uses stdio. */
#include "fail.h"

#include "layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 600 };

NF_PRINTF(3, 0)
NF_NORETURN static void end(int code, const char *kind, const char *format, va_list args)
{
    char line[LINE_MAX_LEN];
    int n = snprintf(line, sizeof line, "nimflow-worker: %s", kind);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, args);
    n = NF_MIN(n, (int)sizeof line - 2);
    line[n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n);
    (void)ignored;
    _exit(code);
}

void nf_fail_protocol(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    end(NF_EXIT_PROTOCOL, "the broker broke the protocol: ", format, args);
}

static void start_failed(const char *format, ...) NF_PRINTF(1, 2);
static void start_failed(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    end(NF_EXIT_PROTOCOL, "cannot start: ", format, args);
}

void nf_fail_start(const char *what)
{
    start_failed("%s: %s", what, strerrordesc_np(errno));
    _exit(NF_EXIT_PROTOCOL);
}

void nf_bug_at(const char *file, int line, const char *format, ...)
{
    char where[160];
    va_list args;
    snprintf(where, sizeof where, "bug at %s:%d: ", file, line);
    va_start(args, format);
    end(NF_EXIT_FAULT, where, format, args);
}
