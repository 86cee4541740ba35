/* SPDX-License-Identifier: Apache-2.0 */
/* contacts.c: see contacts.h. A contact is kept as text, so that a whole book is sent by copying. */
#include "sim/contacts.h"

#include "base/alloc.h"
#include "base/json.h"
#include "sim/wire.h"

#include <stdlib.h>
#include <string.h>

/* Only members that the description has, in its order; also none of a file's line numbers. */
static json_t *tidy(const sim_field *fields, const json_t *from)
{
    json_t *made = json_object(), *item;
    size_t i;
    for (const sim_field *f = fields; f->name; f++) {
        json_t *value = json_object_get(from, f->name);
        if (!value)
            continue;
        if (f->kind != SIM_OBJECTS) {
            json_object_set(made, f->name, value);
            continue;
        }
        json_t *list = json_array();
        json_array_foreach (value, i, item)
            json_array_append_new(list, tidy(f->of, item));
        json_object_set_new(made, f->name, list);
    }
    return made;
}

sim_contact *sim_contact_find(const sim_book *book, const char *id)
{
    sim_contact *c;
    HASH_FIND_STR(book->contacts, id, c);
    return c;
}

json_t *sim_contact_put(sim_book *book, const json_t *contact)
{
    json_t *tidied = tidy(sim_contact_write, contact);
    const char *id = nf_json_string(tidied, "externalId");
    sim_contact *c = sim_contact_find(book, id);
    if (c) {
        book->bytes -= c->len;
        free(c->text);
    } else {
        size_t size = strlen(id) + 1;
        c = nf_alloc(sizeof *c + size);
        memcpy(c->id, id, size);
        HASH_ADD_KEYPTR(hh, book->contacts, c->id, size - 1, c);
    }
    c->text = nf_json_text(tidied);
    c->len = strlen(c->text);
    book->bytes += c->len;
    return tidied;
}

void sim_contact_drop(sim_book *book, sim_contact *c)
{
    HASH_DEL(book->contacts, c);
    book->bytes -= c->len;
    free(c->text);
    free(c);
}

/* ---- searching ---- */

static bool holds(const json_t *value, const char *text)
{
    size_t i;
    json_t *item;
    const char *key;
    if (json_is_string(value))
        return strcasestr(json_string_value(value), text) != NULL;
    json_array_foreach (value, i, item)
        if (holds(item, text))
            return true;
    json_object_foreach ((json_t *)value, key, item)
        if (strcmp(key, "customFields") != 0 && holds(item, text))
            return true;
    return false;
}

json_t *sim_contact_search(const sim_book *book, const char *text, unsigned limit)
{
    json_t *list = json_array();
    for (const sim_contact *c = book->contacts; c && json_array_size(list) < limit;
         c = c->hh.next) {
        if (*text && !strcasestr(c->text, text) && !strpbrk(text, "\"\\/"))
            continue; /* the text of all fields does not have it, so no field has */
        json_t *contact = json_loadb(c->text, c->len, 0, NULL);
        if (!*text || holds(contact, text))
            json_array_append(list, contact);
        json_decref(contact);
    }
    return list;
}
