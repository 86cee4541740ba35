/* SPDX-License-Identifier: Apache-2.0 */
/* contacts_find.c: nimbus.contacts.find(book, field, value): the API has no search, so the whole book is kept and
 * indexed here. */
#include "nf/fields.h"

static const nf_param params[] = {
    {"AddressBook", NF_BOOK, true, "name or id of the address book", NULL, NF_ID_MAX, 0, 0},
    {"field", NF_STRING, true,
     "a field of the contact that is a text or a list of texts; phones: any of the three lists of telephone numbers",
     NULL, 64, 0, 0},
    {"value", NF_VALUE, false, "what the field must be or hold", NULL, 0, 0, 0},
    NF_REFRESH,
    {0},
};

static void start(nf_call *call, const json_t *args)
{
    const json_t *value = json_object_get(args, "value");
    if (json_is_object(value) || json_is_array(value)) {
        nf_call_reject(call, NF_E_ARG,
                       "nimbus.contacts.find: value must be a text, a number or true or false");
        return;
    }
    nf_call_find_contact(call, json_string_value(json_object_get(args, "AddressBook")),
                         json_string_value(json_object_get(args, "field")), value,
                         json_is_true(json_object_get(args, "refresh")));
}

NF_ACTION(contacts_find) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.contacts.find",
    .doc =
        "Find the first contact of an address book with a value in a field; telephone numbers are compared as numbers.",
    .params = params,
    .positional = 3,
    .returns = "contact or nil, how many have the value, and the age of the book in seconds",
    .operation = NF_OP_CONTACTS_GET,
    .class = NF_READ,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .several = true,
    .sample = "[null, 0, 0]",
    .start = start,
};
