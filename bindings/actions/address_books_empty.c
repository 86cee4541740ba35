/* SPDX-License-Identifier: Apache-2.0 */
/* address_books_empty.c: nimbus.address_books.empty(book) */
#include "nf/fields.h"

static const nf_param params[] = {
    {"AddressBook", NF_BOOK, true, "name or id of the address book", NULL, NF_ID_MAX, 0, 0},
    NF_CONFIRM,
    {0},
};

NF_ACTION(address_books_empty) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.address_books.empty",
    .title = "Empty an address book",
    .doc = "Remove all contacts of an address book.",
    .params = params,
    .positional = 1,
    .returns = "nil",
    .operation = NF_OP_ADDRESS_BOOK_EMPTY,
    .class = NF_SAFE,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .method = "POST",
    .path = "/v2/AddressBooks/{AddressBook}/contacts/clear",
    .spoils = "/v2/AddressBooks/{AddressBook}/contacts",
    .destroys = true,
};
