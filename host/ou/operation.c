/* SPDX-License-Identifier: Apache-2.0 */
/* operation.c: see operation.h. */
#include "ou/operation.h"

#include "base/macros.h"
#include "base/suggest.h"

#include <ctype.h>

#define ADMIN    NF_ROLE_BIT(NF_ROLE_TENANT_ADMIN)
#define OU_ADMIN (ADMIN | NF_ROLE_BIT(NF_ROLE_OU_ADMIN))
#define OWNER    (ADMIN | NF_ROLE_BIT(NF_ROLE_TEAM_OWNER) | NF_ROLE_BIT(NF_ROLE_SERVICE_OWNER))
#define LIMITED  (OWNER | NF_ROLE_BIT(NF_ROLE_TEAM_OWNER_LIMITED))
#define ANYBODY  (LIMITED | OU_ADMIN)

/* Contact Center is needed for external tasks and for everything scheduled. */
enum { SIMPLE = false, CENTER = true, ACTION = false, TRIGGER = true };

static const nf_operation_info rows[NF_OPERATIONS] = {
    [NF_OP_NONE] = {"none", "nothing of Nimbus", ~0U, NF_OU_NOTHING, SIMPLE, ACTION},

    [NF_OP_TASK_TRIGGER] = {"task-trigger", "When a task changes state", OWNER, NF_OU_OWN_SERVICE,
                            SIMPLE, TRIGGER},
    [NF_OP_SCHEDULER_TRIGGER] = {"scheduler-trigger", "When a scheduler entry changes state", OWNER,
                                 NF_OU_OWN_SERVICE, CENTER, TRIGGER},
    [NF_OP_ASSISTANT_TRIGGER] = {"assistant-trigger",
                                 "When the virtual task assistant has an update", OWNER,
                                 NF_OU_OWN_SERVICE, SIMPLE, TRIGGER},

    [NF_OP_TASK_UPDATE] = {"task-update", "Update task", OWNER, NF_OU_OWN_SERVICE, SIMPLE, ACTION},
    [NF_OP_EXTERNAL_TASK_ADD] = {"external-task-add", "Add a new external task", OWNER,
                                 NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_EXTERNAL_TASK_REMOVE] = {"external-task-remove", "Remove an external task", OWNER,
                                    NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_ASSISTANT_DATA] = {"assistant-data", "Get Data from Virtual Task Assistant", OWNER,
                              NF_OU_OWN_SERVICE, SIMPLE, ACTION},

    [NF_OP_CONTACT_ADD] = {"contact-add", "Add a contact", OU_ADMIN, NF_OU_CHANGE_BOOK, SIMPLE,
                           ACTION},
    [NF_OP_CONTACT_UPDATE] = {"contact-update", "Update a contact", OU_ADMIN, NF_OU_CHANGE_BOOK,
                              SIMPLE, ACTION},
    [NF_OP_ADDRESS_BOOK_EMPTY] = {"address-book-empty", "Empty an address book", OU_ADMIN,
                                  NF_OU_CHANGE_BOOK, SIMPLE, ACTION},
    [NF_OP_CONTACTS_GET] = {"contacts-get", "Get contact(s)", OU_ADMIN, NF_OU_READ_BOOK, SIMPLE,
                            ACTION},
    [NF_OP_CONTACTS_REMOVE] = {"contacts-remove", "Remove contact(s)", OU_ADMIN, NF_OU_CHANGE_BOOK,
                               SIMPLE, ACTION},
    [NF_OP_ADDRESS_BOOK_LIST] = {"address-book-list", "List the address books", OU_ADMIN,
                                 NF_OU_NOTHING, SIMPLE, ACTION},

    [NF_OP_SCHEDULER_CREATE] = {"scheduler-create", "Schedule a new outbound call", LIMITED,
                                NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_SCHEDULER_LIST] = {"scheduler-list", "Get all scheduler entries", OWNER,
                              NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_SCHEDULER_UPDATE] = {"scheduler-update", "Update a scheduler entry", OWNER,
                                NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_SCHEDULER_REMOVE] = {"scheduler-remove", "Remove a scheduler entry", OWNER,
                                NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_OUTBOUND_CREATE] = {"outbound-create", "Schedule an outbound call with workflow",
                               LIMITED, NF_OU_OWN_SERVICE, CENTER, ACTION},
    [NF_OP_OUTBOUND_UPDATE] = {"outbound-update", "Update an outbound call with workflow", OWNER,
                               NF_OU_OWN_SERVICE, CENTER, ACTION},

    [NF_OP_OPENING_HOURS] = {"opening-hours", "Get opening hours", LIMITED, NF_OU_READ_SERVICE,
                             SIMPLE, ACTION},
    [NF_OP_LOOKUP] = {"lookup", "Look up lists of values", ANYBODY, NF_OU_NOTHING, SIMPLE, ACTION},
};

static const char *const roles[NF_ROLES] = {
    [NF_ROLE_TENANT_ADMIN] = "Tenant Admin",
    [NF_ROLE_OU_ADMIN] = "OU Admin",
    [NF_ROLE_TEAM_OWNER] = "Team Owner",
    [NF_ROLE_SERVICE_OWNER] = "Service Owner",
    [NF_ROLE_TEAM_OWNER_LIMITED] = "Team Owner Limited",
    [NF_ROLE_PARTNER_ADMIN] = "Partner Admin",
    [NF_ROLE_SUPERVISOR] = "Supervisor",
    [NF_ROLE_USER] = "User",
};

const nf_operation_info *nf_operation_info_of(nf_operation operation)
{
    if ((int)operation < 0 || operation >= NF_OPERATIONS)
        nf_bug("there is no operation %d", (int)operation);
    return &rows[operation];
}

const char *nf_role_name(nf_role role)
{
    return role < NF_ROLES ? roles[role] : "no role";
}

static bool filler(char c)
{
    return c == ' ' || c == '-' || c == '_';
}

/* Are the words the same but for case and what stands between them? */
static bool alike(const char *a, const char *b)
{
    for (;;) {
        while (filler(*a))
            a++;
        while (filler(*b))
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
        a++;
        b++;
    }
}

nf_operation nf_operation_find(const char *text, nf_error *err)
{
    const char *names[NF_OPERATIONS];
    int n = 0;
    for (int i = NF_OP_NONE + 1; i < NF_OPERATIONS; i++) {
        if (alike(rows[i].name, text) || alike(rows[i].title, text))
            return (nf_operation)i;
        names[n++] = rows[i].name;
    }
    names[n] = NULL;
    nf_suggest_error(err, NF_E_ARG, "operation", text, names);
    return NF_OP_NONE;
}

nf_role nf_role_find(const char *text, nf_error *err)
{
    const char *names[NF_ROLES + 1] = {NULL};
    for (int i = 0; i < NF_ROLES; i++) {
        if (alike(roles[i], text))
            return (nf_role)i;
        names[i] = roles[i];
    }
    nf_suggest_error(err, NF_E_CONFIG, "role", text, names);
    return NF_ROLES;
}
