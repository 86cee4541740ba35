/* layer: act */
/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_args.c: any JSON as the arguments of an action with a parameter of every type; what is taken is taken again. */
#include "act/args.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const nf_param person[] = {
    {"name", NF_TEXT, false, "name", NULL, 10, 0, 0},
    {"level", NF_INTEGER, false, "level", NULL, 0, 1, 99},
    {0},
};

static const nf_param item[] = {
    {NF_ITEM, NF_STRING, false, "id", NULL, 4, 0, 0},
    {0},
};

static const nf_param params[] = {
    {"id", NF_STRING, false, "id", NULL, 8, 0, 0},
    {"t", NF_TEXT, false, "text", NULL, 0, 0, 0},
    {"c", NF_INTEGER, false, "count", NULL, 0, 0, 0},
    {"n", NF_NUMBER, false, "number", NULL, 0, 0, 0},
    {"f", NF_BOOLEAN, false, "flag", NULL, 0, 0, 0},
    {"p", NF_OBJECT, false, "person", person, 0, 0, 0},
    {"l", NF_LIST, false, "people", person, 3, 0, 0},
    {"w", NF_LIST, false, "words", NULL, 3, 0, 0},
    {"m", NF_NAMED, false, "named", NULL, 0, 0, 0},
    {"u", NF_UPN, false, "upn", NULL, 9, 0, 0},
    {"d", NF_TIME, false, "time", NULL, 0, 0, 0},
    {"i", NF_LIST, false, "ids", item, 3, 1, 0},
    {"v", NF_VALUE, false, "any", NULL, 0, 0, 0},
    {0},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nf_error err = {0};
    json_t *args = json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!args)
        return 0;
    json_t *checked = nf_args_check("x.y", params, args, &err);
    if (!checked && (err.status == NF_OK || !err.text[0]))
        abort();
    if (checked) { /* the wire form is itself a right argument and means the same */
        json_t *again = nf_args_check("x.y", params, checked, NULL);
        if (!again || !json_equal(again, checked))
            abort();
        json_decref(again);
    }
    json_decref(checked);
    json_decref(args);
    return 0;
}
