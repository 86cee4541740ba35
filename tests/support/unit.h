/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h: cmocka with the headers it needs, and a temporary folder. */
#ifndef NF_TESTS_UNIT_H
#define NF_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** Does `text` contain `part`? Fails the test with both if not. */
static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
}

enum { UNIT_PATH = 256 };

/** A new folder, removed by the caller; its path is in `out`. */
static inline void make_folder(char out[UNIT_PATH])
{
    snprintf(out, UNIT_PATH, "/tmp/nimflow-unit-XXXXXX");
    assert_non_null(mkdtemp(out));
}

static inline void remove_folder(const char *path)
{
    char command[UNIT_PATH + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(0, system(command));
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(0, fclose(file));
}

#endif
