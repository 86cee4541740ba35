/* SPDX-License-Identifier: Apache-2.0 */
/* address_books_list.c: nimbus.address_books.list() */
#include "nf/binding.h"

static const nf_param params[] = {
    NF_REFRESH,
    {0},
};

NF_ACTION(address_books_list) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.address_books.list",
    .doc = "List the address books that the connection may see.",
    .params = params,
    .returns = "list of {id, name}, and its age in seconds",
    .operation = NF_OP_ADDRESS_BOOK_LIST,
    .class = NF_READ,
    .owner = NF_OWNER_TENANT,
    .sample = "[]",
    .method = "GET",
    .path = "/v2/AddressBooks",
    .keep_s = 60,
};
