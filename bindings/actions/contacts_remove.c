/* SPDX-License-Identifier: Apache-2.0 */
/* contacts_remove.c: nimbus.contacts.remove{AddressBook=, externalIds=} */
#include "nf/fields.h"

static const nf_param params[] = {
    {"AddressBook", NF_BOOK, true, "name or id of the address book", NULL, NF_ID_MAX, 0, 0},
    {"externalIds", NF_LIST, true, "ids of the contacts", nf_fields_id, 1000, 1, 0},
    NF_CONFIRM,
    {0},
};

NF_ACTION(contacts_remove) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.contacts.remove",
    .title = "Remove contact(s)",
    .doc = "Remove contacts from an address book.",
    .params = params,
    .returns = "nil",
    .operation = NF_OP_CONTACTS_REMOVE,
    .class = NF_SAFE,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .method = "POST",
    .path = "/v2/AddressBooks/{AddressBook}/contacts/delete",
    .body = "externalIds",
    .spoils = "/v2/AddressBooks/{AddressBook}/contacts",
    .destroys = true,
};
