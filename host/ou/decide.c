/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c: see decide.h.
 *
 * Rule of Nimbus: every user may read what is on the path from the own unit up to the root; siblings, cousins and what
 * is below are not on it. Changing needs a role for it and an entity in the own unit or below.
 */
#include "ou/decide.h"

#include "ou/internal.h"

#include <stdio.h>
#include <string.h>

/* ---- the decision ---- */

/* Is `above` on the path from `unit` up to the root? */
static bool on_path(const nf_ou_unit *above, const nf_ou_unit *unit)
{
    return above->depth <= unit->depth && unit->path[above->depth] == above;
}

static nf_role first_of(nf_role_set set)
{
    for (int i = 0; i < NF_ROLES; i++) {
        if (set & NF_ROLE_BIT(i))
            return (nf_role)i;
    }
    return NF_ROLES;
}

static bool owns(const nf_directory *d, const nf_ou_user *user, const nf_ou_service *service)
{
    const void *pair[2] = {user, service};
    const nf_ou_own *own;
    HASH_FIND(hh, d->owns, pair, sizeof pair, own);
    return own != NULL;
}

static nf_ou_verdict answer(nf_ou_verdict v, nf_ou_rule rule)
{
    v.rule = rule;
    v.allowed = rule < NF_OU_NO_UPN;
    return v;
}

/* What the service must have, whoever asks. */
static nf_ou_rule missing(const nf_ou_service *service, const nf_operation_info *info,
                          const nf_ou_question *q)
{
    bool center = info->contact_center || q->preferred_users;
    if (service->licence == NF_LICENCE_NONE)
        return NF_OU_NO_LICENCE;
    if (center && service->licence != NF_LICENCE_CONTACT_CENTER)
        return NF_OU_NO_CENTER;
    return info->trigger && !service->workflow ? NF_OU_NO_WORKFLOW : NF_OU_FREE;
}

static nf_ou_verdict decide_service(const nf_directory *d, const nf_ou_question *q,
                                    const nf_operation_info *info, const nf_ou_user *user,
                                    nf_ou_verdict v)
{
    bool admin = v.role == NF_ROLE_TENANT_ADMIN;
    if (!q->entity)
        return answer(v, admin ? NF_OU_EVERYTHING : NF_OU_NOT_SEEN);
    const nf_ou_service *service = (const nf_ou_service *)nf_ou_find(d->services, q->entity);
    if (!service)
        return answer(v, NF_OU_NO_ENTITY);
    v.where = service->unit;
    if (!admin && !on_path(service->unit, user->unit))
        return answer(v, NF_OU_OFF_PATH);
    bool must_own = info->scope == NF_OU_OWN_SERVICE && !admin;
    if (must_own && !owns(d, user, service))
        return answer(v, NF_OU_NOT_OWNER);
    nf_ou_rule lacks = missing(service, info, q);
    if (lacks != NF_OU_FREE)
        return answer(v, lacks);
    return answer(v, admin ? NF_OU_EVERYTHING : must_own ? NF_OU_OWNER : NF_OU_ON_PATH);
}

static const nf_ou_book *find_book(const nf_directory *d, const char *name)
{
    nf_ou_book *book = NULL;
    HASH_FIND(by_id, d->books_by_id, name, strlen(name), book);
    return book ? book : (const nf_ou_book *)nf_ou_find(d->books, name);
}

static nf_ou_verdict decide_book(const nf_directory *d, const nf_ou_question *q,
                                 const nf_operation_info *info, const nf_ou_user *user,
                                 nf_ou_verdict v)
{
    const nf_ou_book *book = q->entity ? find_book(d, q->entity) : NULL;
    v.where = book ? book->unit : NULL;
    if (v.role == NF_ROLE_TENANT_ADMIN)
        return answer(v, NF_OU_EVERYTHING);
    if (!book)
        return answer(v, NF_OU_NO_ENTITY);
    if (info->scope == NF_OU_CHANGE_BOOK)
        return answer(v, on_path(user->unit, book->unit) ? NF_OU_IN_BRANCH : NF_OU_OFF_BRANCH);
    return answer(v, on_path(book->unit, user->unit) ? NF_OU_ON_PATH : NF_OU_OFF_PATH);
}

nf_ou_verdict nf_ou_decide(const nf_directory *d, const nf_ou_question *q)
{
    const nf_operation_info *info = nf_operation_info_of(q->operation);
    nf_ou_verdict v = {.role = NF_ROLES};
    if (q->operation == NF_OP_NONE)
        return answer(v, NF_OU_FREE);
    if (!d)
        return answer(v, NF_OU_NO_DIRECTORY);
    if (!q->upn)
        return answer(v, NF_OU_NO_UPN);
    const nf_ou_user *user = (const nf_ou_user *)nf_ou_find(d->users, q->upn);
    if (!user)
        return answer(v, NF_OU_NO_USER);
    nf_role_set able = user->roles & info->roles;
    v.user = user->unit;
    v.role = first_of(able ? able : user->roles);
    if (!able)
        return answer(v, NF_OU_WRONG_ROLE);
    switch (info->scope) {
    case NF_OU_OWN_SERVICE:
    case NF_OU_READ_SERVICE:
        return decide_service(d, q, info, user, v);
    case NF_OU_READ_BOOK:
    case NF_OU_CHANGE_BOOK:
        return decide_book(d, q, info, user, v);
    default:
        return answer(v, NF_OU_BY_ROLE);
    }
}

/* ---- in words ---- */

/* Each completes "A may (not) do 'X' on B: …". */
static const char *const reasons[] = {
    [NF_OU_FREE] = "it touches nothing of Nimbus",
    [NF_OU_NO_DIRECTORY] = "there is no directory.yaml, so Nimbus alone decides",
    [NF_OU_BY_ROLE] = "the role may",
    [NF_OU_EVERYTHING] = "a Tenant Admin may everywhere",
    [NF_OU_OWNER] = "the user owns the service, which is on the path from the user's unit to the "
                    "root",
    [NF_OU_ON_PATH] = "it is on the path from the user's unit up to the root",
    [NF_OU_IN_BRANCH] = "it is in the user's unit or below",
    [NF_OU_NO_UPN] = "who the connection's user is, is not known; write 'upn' in tenant.yaml",
    [NF_OU_NO_USER] = "the user is not in directory.yaml",
    [NF_OU_WRONG_ROLE] = "the role may not",
    [NF_OU_NOT_SEEN] = "its service is not known here, because no event of it came yet; only a "
                       "Tenant Admin may all the same",
    [NF_OU_NO_ENTITY] = "it is not in directory.yaml",
    [NF_OU_OFF_PATH] = "it is not on the path from the user's unit up to the root",
    [NF_OU_OFF_BRANCH] = "it is not in the user's unit or below",
    [NF_OU_NOT_OWNER] = "the user is not an owner of the service",
    [NF_OU_NO_LICENCE] = "the service has no licence (Enterprise Routing or Contact Center)",
    [NF_OU_NO_CENTER] = "the service needs the licence Contact Center for that",
    [NF_OU_NO_WORKFLOW] = "the service has no valid workflow, so it has no events",
};

enum { LONGEST_PATH = 160, LONGEST_NAME = 100, LONGEST_REASON = 200 };

static void reason_text(const nf_ou_question *q, const nf_ou_verdict *v, char out[LONGEST_REASON])
{
    nf_role_set may = nf_operation_info_of(q->operation)->roles;
    int n = snprintf(out, LONGEST_REASON, "%s", reasons[v->rule]);
    const char *before = "; it needs ";
    for (int i = 0; v->rule == NF_OU_WRONG_ROLE && i < NF_ROLES && n < LONGEST_REASON; i++) {
        if (may & NF_ROLE_BIT(i)) {
            n += snprintf(out + n, (size_t)(LONGEST_REASON - n), "%s%s", before,
                          nf_role_name((nf_role)i));
            before = " or ";
        }
    }
}

/* "Contoso > CH > ZH-Support" */
static void path_text(const nf_ou_unit *unit, char out[LONGEST_PATH])
{
    size_t n = 0;
    out[0] = '\0';
    for (unsigned i = 0; unit && i <= unit->depth && n < LONGEST_PATH; i++)
        n += (size_t)snprintf(out + n, LONGEST_PATH - n, "%s%s", i ? " > " : "",
                              unit->path[i]->named.name);
}

static void add_who(nf_strbuf *out, const nf_ou_question *q, const nf_ou_verdict *v)
{
    char path[LONGEST_PATH];
    path_text(v->user, path);
    nf_strbuf_addf(out, "%.*s", LONGEST_NAME, q->upn ? q->upn : "the connection's user");
    if (v->user)
        nf_strbuf_addf(out, " (%s in %s)", nf_role_name(v->role), path);
}

static void add_what(nf_strbuf *out, const nf_ou_question *q, const nf_ou_verdict *v)
{
    const nf_operation_info *info = nf_operation_info_of(q->operation);
    char path[LONGEST_PATH];
    path_text(v->where, path);
    nf_strbuf_addf(out, " %s '%s'", v->allowed ? "may do" : "may not do", info->title);
    if (info->scope == NF_OU_NOTHING)
        return;
    if (q->entity)
        nf_strbuf_addf(out, " on %.*s", LONGEST_NAME, q->entity);
    else if (q->id)
        nf_strbuf_addf(out, " on %.*s", LONGEST_NAME, q->id);
    if (v->where)
        nf_strbuf_addf(out, " (in %s)", path);
}

void nf_ou_explain(const nf_ou_question *q, const nf_ou_verdict *v, char text[NF_OU_TEXT])
{
    nf_strbuf out = nf_strbuf_new(NF_OU_TEXT - 1);
    add_who(&out, q, v);
    add_what(&out, q, v);
    char reason[LONGEST_REASON];
    reason_text(q, v, reason);
    nf_strbuf_addf(&out, ": %s", reason);
    memcpy(text, out.bytes, out.len + 1);
    nf_strbuf_release(&out);
}

json_t *nf_ou_verdict_json(const nf_ou_question *q, const nf_ou_verdict *v)
{
    const nf_operation_info *info = nf_operation_info_of(q->operation);
    char text[NF_OU_TEXT], user[LONGEST_PATH], where[LONGEST_PATH], reason[LONGEST_REASON];
    reason_text(q, v, reason);
    nf_ou_explain(q, v, text);
    path_text(v->user, user);
    path_text(v->where, where);
    return json_pack("{s:b, s:s?, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:s}", "allowed",
                     v->allowed, "upn", q->upn, "operation", info->name, "title", info->title, "id",
                     q->id, "entity", q->entity, "role",
                     v->role < NF_ROLES ? nf_role_name(v->role) : NULL, "user_path",
                     v->user ? user : NULL, "entity_path", v->where ? where : NULL, "rule", reason,
                     "text", text);
}
