/* SPDX-License-Identifier: Apache-2.0 */
/* contacts_update.c: nimbus.contacts.update{...} */
#include "nf/fields.h"

NF_ACTION(contacts_update) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.contacts.update",
    .title = "Update a contact",
    .doc = "Replace a contact of an address book, the one with this externalId.",
    .params = nf_params_contact,
    .returns = "the contact",
    .operation = NF_OP_CONTACT_UPDATE,
    .class = NF_SAFE,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .method = "PUT",
    .path = "/v2/AddressBooks/{AddressBook}/contacts",
    .spoils = "/v2/AddressBooks/{AddressBook}/contacts",
};
