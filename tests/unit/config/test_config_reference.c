/* SPDX-License-Identifier: Apache-2.0 */
/* test_config_reference.c: docs/CONFIGURATION.md says of every key what the program's tables say. */
#include "base/strbuf.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MARK                                                                                       \
    "<!-- What follows is written by the program; see the test "                                   \
    "unit/config/test_config_reference. -->\n"
enum { LARGEST = 1 << 20 };

static const char *document_path(void)
{
    static char path[4096];
    const char *source = getenv("NF_SOURCE");
    snprintf(path, sizeof path, "%s/docs/CONFIGURATION.md", source ? source : ".");
    return path;
}

static char *read_document(void)
{
    static char text[LARGEST];
    FILE *file = fopen(document_path(), "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void write_document(const char *head, size_t len, const char *rest)
{
    FILE *file = fopen(document_path(), "w");
    assert_non_null(file);
    fwrite(head, 1, len, file);
    fputs(rest, file);
    fclose(file);
}

static void document_is_current(void **state)
{
    (void)state;
    nf_strbuf wanted = nf_strbuf_new(LARGEST);
    nf_config_reference(&wanted);
    char *document = read_document();
    char *mark = strstr(document, MARK);
    assert_non_null(mark);
    char *rest = mark + strlen(MARK) + 1; /* and an empty line */
    if (strcmp(rest, wanted.bytes) != 0) {
        print_error("%s is not what the tables in host/config/config.c say.\n"
                    "Write it anew: NF_REGENERATE=1 ctest --preset dev -R "
                    "unit/config/test_config_reference\n",
                    document_path());
        if (getenv("NF_REGENERATE"))
            write_document(document, (size_t)(rest - document), wanted.bytes);
        else
            assert_string_equal(rest, wanted.bytes);
    }
    nf_strbuf_release(&wanted);
}

static void every_budget_is_in_it(void **state)
{
    (void)state;
    nf_strbuf text = nf_strbuf_new(LARGEST);
    nf_config_reference(&text);
    for (int i = 0; i < NF_BUDGET_COUNT; i++) {
        char row[64];
        snprintf(row, sizeof row, "| `%s` |", nf_budget_name((nf_budget)i));
        assert_non_null(strstr(text.bytes, row));
    }
    nf_strbuf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(document_is_current),
                                       cmocka_unit_test(every_budget_is_in_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
