/* SPDX-License-Identifier: Apache-2.0 */
/* contacts_add.c: nimbus.contacts.add{...}: externalId is the key, so twice makes no second contact: safe. */
#include "nf/fields.h"

static const char *const same[] = {"displayName", "firstName", "lastName",
                                   "company",     "jobTitle",  NULL};

static const nf_verify verify = {
    .path = "/v2/AddressBooks/{AddressBook}/contacts?externalIds={externalId}",
    .mark = "externalId",
    .same = same,
};

NF_ACTION(contacts_add) = {
    .abi = NF_BINDING_ABI,
    .name = "nimbus.contacts.add",
    .title = "Add a contact",
    .doc = "Add a contact to an address book.",
    .params = nf_params_contact,
    .returns = "the contact",
    .operation = NF_OP_CONTACT_ADD,
    .class = NF_SAFE,
    .owner = NF_OWNER_BOOK,
    .scope_param = "AddressBook",
    .method = "POST",
    .path = "/v2/AddressBooks/{AddressBook}/contacts",
    .verify = &verify,
    .spoils = "/v2/AddressBooks/{AddressBook}/contacts",
};
