/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h: may this user do this to that? One function, without side effects, in well under a microsecond.
 *
 * What the directory does not say is denied.
 */
#ifndef NF_OU_DECIDE_H
#define NF_OU_DECIDE_H

#include "ou/directory.h"

#include <jansson.h>

/** The question. All texts are borrowed. */
typedef struct nf_ou_question {
    const char *upn; /* of the connection's user; NULL: not known, which is denied */
    nf_operation operation;
    const char *entity; /* service UPN, or address book by name or id; NULL: not known */
    const char *id;     /* of the task or entry whose service `entity` is, for the text; or NULL */
    bool preferred_users; /* the request names preferred users: they need Contact Center */
} nf_ou_question;

/** Why. The first group allows, the second denies. */
typedef enum nf_ou_rule {
    NF_OU_FREE,         /* touches nothing of Nimbus */
    NF_OU_NO_DIRECTORY, /* Nimbus alone decides */
    NF_OU_BY_ROLE,      /* the role alone decides */
    NF_OU_EVERYTHING,   /* a Tenant Admin may */
    NF_OU_OWNER,        /* an owned service on the path */
    NF_OU_ON_PATH,      /* on the path from the user's unit up to the root */
    NF_OU_IN_BRANCH,    /* in the user's unit or below */

    NF_OU_NO_UPN,
    NF_OU_NO_USER,
    NF_OU_WRONG_ROLE,
    NF_OU_NOT_SEEN,
    NF_OU_NO_ENTITY,
    NF_OU_OFF_PATH,
    NF_OU_OFF_BRANCH,
    NF_OU_NOT_OWNER,
    NF_OU_NO_LICENCE,
    NF_OU_NO_CENTER,
    NF_OU_NO_WORKFLOW,
} nf_ou_rule;

/** The answer; what it points to is the directory's. */
typedef struct nf_ou_verdict {
    bool allowed;
    nf_ou_rule rule;
    nf_role role;                   /* by which the user may, or the first the user has; NF_ROLES */
    const struct nf_ou_unit *user;  /* unit of the user, or NULL */
    const struct nf_ou_unit *where; /* unit of the entity, or NULL */
} nf_ou_verdict;

/** Decide. `directory` NULL: there is none. */
nf_ou_verdict nf_ou_decide(const nf_directory *directory, const nf_ou_question *question);

/** Longest text of nf_ou_explain, with its NUL. */
enum { NF_OU_TEXT = 900 };

/**
 * One sentence: role, path, operation, entity and rule, e.g. "anna@contoso.example (Service Owner in Contoso > CH) may
 * not do 'Update task' on sales@contoso.example (in Contoso > DE): it is not on the path from …".
 */
void nf_ou_explain(const nf_ou_question *question, const nf_ou_verdict *verdict,
                   char text[NF_OU_TEXT]);

/** {allowed, upn, operation, title, id, entity, role, user_path, entity_path, rule, text}. A new reference. */
json_t *nf_ou_verdict_json(const nf_ou_question *question, const nf_ou_verdict *verdict);

#endif
