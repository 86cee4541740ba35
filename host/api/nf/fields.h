/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf/fields.h: fields that several operations of the Nimbus API share, with the limits that are documented. Where no
 * limit is documented there is none here but the host's own.
 */
#ifndef NF_API_FIELDS_H
#define NF_API_FIELDS_H

#include "nf/binding.h"

enum { NF_PREFERRED_USERS_MAX = 10, NF_ID_MAX = 256 };

/** The customer of a task or entry: fields of an object. */
extern const nf_param nf_fields_customer[];

/** The same as it comes in an event, and an item of the lists of names and values there. */
extern const nf_param nf_fields_event_customer[], nf_fields_event_pair[];

/** Name and value of a custom context parameter: fields of NF_NAMED. */
extern const nf_param nf_fields_parameter[];

/** An item of preferredUsers. */
extern const nf_param nf_fields_preferred_user[];

/** A text of up to 256 characters that is an id: an item of a list. */
extern const nf_param nf_fields_id[];

/** AddressBook and the fields of a contact: all parameters of an action. */
extern const nf_param nf_params_contact[];

/** SchedulerEntryID and the fields of a scheduler entry: all parameters of an action; what creates skips the first. */
extern const nf_param nf_params_entry[];

/** The same of an outbound call with workflow. */
extern const nf_param nf_params_outbound[];

#endif
