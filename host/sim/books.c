/* SPDX-License-Identifier: Apache-2.0 */
/* books.c: address books and their contacts, as the API has them. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "sim/contacts.h"
#include "sim/internal.h"

#include <stdlib.h>
#include <string.h>

void sim_list_books(sim_call *call)
{
    call->json = json_array();
    for (const sim_book *b = call->sim->world.books; b->name; b++)
        if (!sim_may_book(call->user, b, false))
            json_array_append_new(call->json, json_pack("{ssss}", "name", b->name, "id", b->id));
}

/* The book of the path; NULL: the answer is set. */
static sim_book *find_book(sim_call *call, bool change)
{
    sim_book *b = call->sim->world.books;
    while (b->name && strcmp(b->id, call->param) != 0)
        b++;
    if (!b->name || sim_tenant(b->unit) != sim_tenant(call->user->unit)) {
        sim_fail(call, 404, "no address book has this id");
        return NULL;
    }
    const char *why = sim_may_book(call->user, b, change);
    if (why)
        sim_fail(call, 403, "%s (%s, %s in %s)", why, call->user->upn,
                 sim_role_name(call->user->role), call->user->unit->name);
    return why ? NULL : b;
}

/* ---- reading ---- */

static void add_text(nf_strbuf *out, const sim_contact *c)
{
    nf_strbuf_puts(out, out->len > 1 ? "," : "");
    nf_strbuf_add(out, c->text, c->len);
}

/* "a,b,c": those that are there, in this order. */
static void add_wanted(nf_strbuf *out, const sim_book *book, char *ids)
{
    char *rest = ids;
    for (char *id = strsep(&rest, ","); id; id = strsep(&rest, ",")) {
        const sim_contact *c = *id ? sim_contact_find(book, id) : NULL;
        if (c)
            add_text(out, c);
    }
}

void sim_get_contacts(sim_call *call)
{
    const sim_book *book = find_book(call, false);
    if (!book)
        return;
    char *ids = sim_query(call, "externalIds");
    nf_strbuf out = nf_strbuf_new(SIZE_MAX);
    nf_strbuf_reserve(&out, ids ? 4096 : book->bytes + HASH_COUNT(book->contacts) + 3);
    nf_strbuf_puts(&out, "[");
    if (ids && *ids)
        add_wanted(&out, book, ids);
    else
        for (const sim_contact *c = book->contacts; c; c = c->hh.next)
            add_text(&out, c);
    nf_strbuf_puts(&out, "]");
    call->text = nf_strbuf_take(&out);
    free(ids);
}

/* ---- changing ---- */

static void put(sim_call *call, bool must_exist)
{
    sim_book *book = find_book(call, true);
    json_t *body = book ? sim_body_of(call, sim_contact_write, false, false) : NULL;
    if (!body)
        return;
    bool known = sim_contact_find(book, nf_json_string(body, "externalId")) != NULL;
    if (must_exist && !known)
        sim_fail(call, 404, "the address book has no contact with this externalId; add it");
    else if (!known && HASH_COUNT(book->contacts) >= SIM_MAX_CONTACTS)
        sim_fail(call, 500, "an address book of this simulator holds at most %d contacts",
                 SIM_MAX_CONTACTS);
    else {
        call->json = sim_contact_put(book, body);
        sim_changed(call->sim);
    }
    json_decref(body);
}

void sim_add_contact(sim_call *call)
{
    put(call, false);
}

void sim_update_contact(sim_call *call)
{
    put(call, true);
}

static bool is_id_list(sim_call *call, const json_t *body)
{
    size_t i;
    json_t *item;
    bool right = json_is_array(body);
    json_array_foreach (body, i, item)
        right = right && json_is_string(item);
    if (!right)
        sim_fail(call, 400, "the body must be a list of strings, the externalIds");
    return right;
}

void sim_delete_contacts(sim_call *call)
{
    size_t i;
    json_t *item;
    sim_book *book = find_book(call, true);
    json_t *body = book ? sim_body(call, false) : NULL;
    if (body && is_id_list(call, body)) {
        json_array_foreach (body, i, item) {
            sim_contact *c = sim_contact_find(book, json_string_value(item));
            if (c)
                sim_contact_drop(book, c);
        }
        sim_changed(call->sim);
    }
    json_decref(body);
}

void sim_clear_contacts(sim_call *call)
{
    sim_contact *c, *next;
    sim_book *book = find_book(call, true);
    if (!book)
        return;
    HASH_ITER (hh, book->contacts, c, next)
        sim_contact_drop(book, c);
    sim_changed(call->sim);
}

/* ---- the page's search ---- */

void sim_control_contacts(sim_call *call)
{
    char *user = sim_query(call, "user"), *text = sim_query(call, "text"),
         *only = sim_query(call, "book");
    const sim_user *who = sim_find_user(&call->sim->world, user);
    unsigned left = 100;
    call->json = json_array();
    for (const sim_book *b = call->sim->world.books; b->name; b++) {
        size_t i;
        json_t *contact;
        if ((only && strcmp(only, b->id) != 0) || (who && !sim_sees(who, b->unit)))
            continue;
        json_t *found = sim_contact_search(b, text ? text : "", left);
        left -= (unsigned)json_array_size(found);
        json_array_foreach (found, i, contact)
            json_array_append_new(
                call->json, json_pack("{ss so}", "book", b->name, "contact", json_incref(contact)));
        json_decref(found);
    }
    free(user);
    free(text);
    free(only);
}
