/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf/operation.h: every operation of the Nimbus API by a name of its own.
 *
 * A binding says which one it is; the role of a connection's user decides by it (docs/RIGHTS.md). Two bindings may be
 * the same operation. The order is that of the areas in Nimbus: conversations, address books, outbound, look-ups.
 */
#ifndef NF_API_OPERATION_H
#define NF_API_OPERATION_H

typedef enum nf_operation {
    NF_OP_NONE = 0, /* touches nothing of Nimbus: sleep, lists, keys and values */

    /* Triggers */
    NF_OP_TASK_TRIGGER,      /* when a task changes state */
    NF_OP_SCHEDULER_TRIGGER, /* when a scheduler entry changes state */
    NF_OP_ASSISTANT_TRIGGER, /* when the virtual task assistant has an update */

    /* Conversations */
    NF_OP_TASK_UPDATE,          /* update task */
    NF_OP_EXTERNAL_TASK_ADD,    /* add a new external task */
    NF_OP_EXTERNAL_TASK_REMOVE, /* remove an external task */
    NF_OP_ASSISTANT_DATA,       /* get data from virtual task assistant */

    /* Address books */
    NF_OP_CONTACT_ADD,        /* add a contact */
    NF_OP_CONTACT_UPDATE,     /* update a contact */
    NF_OP_ADDRESS_BOOK_EMPTY, /* empty an address book */
    NF_OP_CONTACTS_GET,       /* get contact(s) */
    NF_OP_CONTACTS_REMOVE,    /* remove contact(s) */
    NF_OP_ADDRESS_BOOK_LIST,  /* look up the address books that the connection may see */

    /* Outbound */
    NF_OP_SCHEDULER_CREATE, /* schedule a new outbound call */
    NF_OP_SCHEDULER_LIST,   /* get all scheduler entries */
    NF_OP_SCHEDULER_UPDATE, /* update a scheduler entry */
    NF_OP_SCHEDULER_REMOVE, /* remove a scheduler entry */
    NF_OP_OUTBOUND_CREATE,  /* schedule an outbound call with workflow */
    NF_OP_OUTBOUND_UPDATE,  /* update an outbound call with workflow */

    /* Look-ups */
    NF_OP_OPENING_HOURS, /* get the opening hours of a service */
    NF_OP_LOOKUP,        /* lists of values to choose from, and the test of the connection */

    NF_OPERATIONS /* how many */
} nf_operation;

#endif
