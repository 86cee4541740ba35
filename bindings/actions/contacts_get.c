/* SPDX-License-Identifier: Apache-2.0 */
/* contacts_get.c: nimbus.contacts.get(book, {externalIds=}): ids that the book does not have are left out by Nimbus. */
#include "nf/fields.h"

static const nf_param params[] = {
    {"AddressBook", NF_BOOK, true, "name or id of the address book", NULL, NF_ID_MAX, 0, 0},
    {"externalIds", NF_LIST, false, "ids of contacts; none: all", nf_fields_id, 1000, 1, 0},
    NF_REFRESH,
    {0},
};

NF_ACTION(contacts_get) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.contacts.get",
    .title = "Get contact(s)",
    .doc = "Give contacts of an address book: those with the ids, or all.",
    .params = params,
    .positional = 1,
    .returns = "list of contacts, and its age in seconds",
    .operation = NF_OP_CONTACTS_GET,
    .class = NF_READ,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .sample = "[]",
    .method = "GET",
    .path = "/v2/AddressBooks/{AddressBook}/contacts{?externalIds}",
    .keep_s = 60,
};
