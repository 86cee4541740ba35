/* SPDX-License-Identifier: Apache-2.0 */
/* contacts.h: the contacts of an address book: found by their external id, kept as the text that is sent. */
#ifndef NF_SIM_CONTACTS_H
#define NF_SIM_CONTACTS_H

#include "sim/world.h"

/** Put a contact in, in the place of one with the same externalId. Returns what is stored, a new reference. */
json_t *sim_contact_put(sim_book *book, const json_t *contact);

/** The contact of this id, or NULL. */
sim_contact *sim_contact_find(const sim_book *book, const char *id);

/** Remove and free. */
void sim_contact_drop(sim_book *book, sim_contact *contact);

/** At most `limit` contacts in whose fields (not the custom ones) the text stands, case ignored. A new reference. */
json_t *sim_contact_search(const sim_book *book, const char *text, unsigned limit);

#endif
