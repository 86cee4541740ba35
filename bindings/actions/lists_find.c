/* SPDX-License-Identifier: Apache-2.0 */
/* lists_find.c: lists.find(file, column, value, {table=, sheet=}): the first row of a workbook or CSV file that fits.
 */
#include "nf/binding.h"

static const nf_param params[] = {
    {"file", NF_STRING, true, "file in the tenant's folder lists/, .xlsx or .csv", NULL, 255, 0, 0},
    {"column", NF_STRING, true, "name of the column, as its header has it", NULL, 255, 0, 0},
    {"value", NF_VALUE, false, "what the cell must be; telephone numbers are compared as E.164",
     NULL, 0, 0, 0},
    {"table", NF_STRING, false, "name of the table; default: the first one, else the first sheet",
     NULL, 255, 0, 0},
    {"sheet", NF_STRING, false, "name of the sheet", NULL, 255, 0, 0},
    {0},
};

static void start(nf_call *call, const json_t *args)
{
    const json_t *value = json_object_get(args, "value");
    if (json_is_object(value) || json_is_array(value)) {
        nf_call_reject(call, NF_E_ARG,
                       "lists.find: value must be a text, a number or true or false");
        return;
    }
    nf_call_find_row(call, json_string_value(json_object_get(args, "file")),
                     json_string_value(json_object_get(args, "column")), value,
                     json_string_value(json_object_get(args, "table")),
                     json_string_value(json_object_get(args, "sheet")));
}

NF_ACTION(lists_find) = {
    .abi = NF_BINDING_ABI,
    .name = "lists.find",
    .doc =
        "Find the first row of a list whose column has a value; also gives the number of such rows.",
    .params = params,
    .positional = 3,
    .returns = "row",
    .class = NF_READ,
    .owner = NF_OWNER_NONE,
    .start = start,
};
