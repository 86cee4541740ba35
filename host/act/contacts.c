/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contacts.c: see contacts.h.
 *
 * Making an index is a job: one at a time per book, for the field of the first who waits. While a job runs on another
 * thread it alone writes `start`, `count`, `broken` and its index; the loop's thread only adds and removes waits.
 */
#include "act/contacts.h"

#include "act/lists_key.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/jscan.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { SMALL_BOOK = 128 << 10 }; /* bytes that are indexed on the spot: less than a millisecond */

typedef struct slot {
    uint64_t hash;
    uint32_t row, last,
        count; /* the first and the last contact with this key; 0: the slot is free */
} slot;

typedef struct contact_index {
    const char *field;
    slot *slots;
    size_t mask, used;
    struct contact_index *next;
} contact_index;

struct nf_contacts_wait {
    nf_contacts *contacts;
    const char *field;
    nf_list_key key;
    nf_contacts_done *done;
    void *ctx;
    nf_contacts_wait *prev, *next;
};

struct nf_contacts {
    nf_loop *loop;
    nf_answer *answer;
    char *country;
    int refs;
    bool scanned;
    nf_error broken; /* why it cannot be used */
    uint32_t *start; /* of each contact in the text */
    size_t count, room;
    contact_index *indexes;
    nf_contacts_wait *waits;
    uv_work_t work;
    contact_index *making; /* by the job under way; NULL: none */
};

/* ---- answers ---- */

nf_answer *nf_answer_new(const char *text, size_t len)
{
    nf_answer *answer = nf_alloc(sizeof *answer);
    *answer = (nf_answer){nf_memdup(text, len), len, nf_clock_ns(), 1};
    return answer;
}

nf_answer *nf_answer_ref(nf_answer *answer)
{
    answer->refs++;
    return answer;
}

void nf_answer_unref(nf_answer *answer)
{
    if (!answer || --answer->refs > 0)
        return;
    free(answer->text);
    free(answer);
}

uint64_t nf_answer_age_ms(const nf_answer *answer)
{
    return (nf_clock_ns() - answer->at_ns) / 1000000;
}

/* ---- life ---- */

nf_contacts *nf_contacts_new(nf_loop *loop, nf_answer *answer, const char *country)
{
    nf_contacts *c = nf_alloc(sizeof *c);
    c->loop = loop;
    c->answer = nf_answer_ref(answer);
    c->country = nf_strdup(country);
    c->refs = 1;
    return c;
}

nf_contacts *nf_contacts_ref(nf_contacts *c)
{
    c->refs++;
    return c;
}

void nf_contacts_unref(nf_contacts *c)
{
    if (!c || --c->refs > 0)
        return;
    while (c->indexes) {
        contact_index *next = c->indexes->next;
        free(c->indexes->slots);
        free(c->indexes);
        c->indexes = next;
    }
    nf_answer_unref(c->answer);
    free(c->country);
    free(c->start);
    free(c);
}

/* ---- reading the answer ---- */

static bool add_start(nf_contacts *c, size_t at)
{
    if (c->count == NF_CONTACTS_MAX)
        return false;
    if (c->count == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->start = nf_realloc(c->start, c->room * sizeof *c->start);
    }
    c->start[c->count++] = (uint32_t)at;
    return true;
}

static void scan(nf_contacts *c)
{
    nf_jscan s;
    nf_jtoken token;
    c->scanned = true;
    nf_jscan_init(&s, c->answer->text, c->answer->len);
    if (nf_jscan_next(&s) != NF_J_ARRAY) {
        nf_error_set(&c->broken, NF_E_PROTOCOL, "the answer of Nimbus is no list of contacts");
        return;
    }
    while ((token = nf_jscan_next(&s)) == NF_J_OBJECT) {
        if (!add_start(c, (size_t)(s.at - s.start) - 1)) {
            nf_error_set(&c->broken, NF_E_LIMIT, "the address book has more than %d contacts",
                         NF_CONTACTS_MAX);
            return;
        }
        if (!nf_jscan_skip(&s, token))
            break;
    }
    if (token != NF_J_ARRAY_END || nf_jscan_next(&s) != NF_J_END)
        nf_error_set(&c->broken, NF_E_PROTOCOL, "the answer of Nimbus is no list of contacts");
}

/* Calls `each` with the key of every text in the field of a contact; stops when that says false. */
typedef bool each_key(void *ctx, const nf_list_key *key);

static const char *const phones[] = {"businessPhones", "mobilePhones", "homePhones", NULL};

static bool is_field(const nf_jscan *s, const char *field)
{
    bool all = strcmp(field, "phones") == 0;
    for (const char *const *name = phones; all && *name; name++) {
        if (nf_jscan_equals(s, *name))
            return true;
    }
    return !all && nf_jscan_equals(s, field);
}

static bool key_of(const nf_jscan *s, nf_list_key *key, const char *country)
{
    if (!s->escaped)
        return nf_list_key_of_text(key, s->text, s->len, country);
    char *plain = nf_alloc(s->len + 1);
    bool any = nf_list_key_of_text(key, plain, nf_json_unescape(s->text, s->len, plain), country);
    free(plain);
    return any;
}

static void keys_of(const nf_contacts *c, size_t row, const char *field, each_key *each, void *ctx)
{
    nf_jscan s;
    nf_list_key key = {0};
    size_t from = c->start[row], len = c->answer->len - from;
    bool on = true;
    nf_jscan_init(&s, c->answer->text + from, len);
    nf_jscan_next(&s);
    while (on && nf_jscan_next(&s) == NF_J_KEY) {
        bool wanted = is_field(&s, field);
        nf_jtoken token = nf_jscan_next(&s);
        if (wanted && token == NF_J_ARRAY) {
            while (on && (token = nf_jscan_next(&s)) != NF_J_ARRAY_END && token != NF_J_ERROR) {
                if (token != NF_J_STRING)
                    nf_jscan_skip(&s, token);
                else if (key_of(&s, &key, c->country))
                    on = each(ctx, &key);
            }
        } else if (wanted && token == NF_J_STRING) {
            on = !key_of(&s, &key, c->country) || each(ctx, &key);
        } else if (!nf_jscan_skip(&s, token)) {
            break;
        }
    }
    nf_list_key_release(&key);
}

/* ---- indexes ---- */

static slot *slot_of(const contact_index *index, uint64_t hash)
{
    size_t at = hash & index->mask;
    while (index->slots[at].count > 0 && index->slots[at].hash != hash)
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

static void grow(contact_index *index)
{
    slot *old = index->slots;
    size_t slots = old ? index->mask + 1 : 0, twice = slots ? 2 * slots : 64;
    index->slots = nf_alloc(twice * sizeof *index->slots);
    index->mask = twice - 1;
    for (size_t i = 0; i < slots; i++) {
        if (old[i].count)
            *slot_of(index, old[i].hash) = old[i];
    }
    free(old);
}

struct filling {
    contact_index *index;
    uint32_t row;
};

static bool fill(void *ctx, const nf_list_key *key)
{
    const struct filling *f = ctx;
    if (f->index->used >= NF_CONTACT_KEYS_MAX)
        return false;
    if (!f->index->slots || 2 * f->index->used > f->index->mask)
        grow(f->index);
    uint64_t hash = nf_list_key_hash(key);
    slot *s = slot_of(f->index, hash);
    if (s->count == 0) {
        *s = (slot){.hash = hash, .row = f->row};
        f->index->used++;
    }
    s->count += s->count == 0 || s->last != f->row; /* one contact may have it twice */
    s->last = f->row;
    return true;
}

static void make(nf_contacts *c)
{
    if (!c->scanned)
        scan(c);
    for (size_t row = 0; row < c->count && c->broken.status == NF_OK; row++)
        keys_of(c, row, c->making->field, fill, &(struct filling){c->making, (uint32_t)row});
    if (c->making->used >= NF_CONTACT_KEYS_MAX)
        nf_error_set(&c->broken, NF_E_LIMIT, "the address book has more than %d values in '%s'",
                     NF_CONTACT_KEYS_MAX, c->making->field);
}

static contact_index *index_of(const nf_contacts *c, const char *field)
{
    contact_index *index = c->indexes;
    while (index && strcmp(index->field, field) != 0)
        index = index->next;
    return index;
}

/* ---- looking up ---- */

struct comparing {
    const nf_list_key *key;
    bool equal;
};

static bool compare(void *ctx, const nf_list_key *key)
{
    struct comparing *comparing = ctx;
    comparing->equal = nf_list_key_equal(comparing->key, key);
    return !comparing->equal;
}

/* Tell one who waited; the index of the field is there, or the book is broken. */
static void tell(nf_contacts *c, const nf_contacts_wait *wait)
{
    const contact_index *index = index_of(c, wait->field);
    const slot *s = index && index->slots ? slot_of(index, nf_list_key_hash(&wait->key)) : NULL;
    struct comparing comparing = {&wait->key, false};
    if (c->broken.status != NF_OK) {
        wait->done(wait->ctx, &c->broken, NULL, 0, 0);
        return;
    }
    if (s && s->count)
        keys_of(c, s->row, wait->field, compare, &comparing);
    if (!comparing.equal) {
        wait->done(wait->ctx, NULL, NULL, 0, 0);
        return;
    }
    nf_jscan end;
    const char *text = c->answer->text + c->start[s->row];
    nf_jscan_init(&end, text, c->answer->len - c->start[s->row]);
    nf_jscan_skip(&end, nf_jscan_next(&end));
    wait->done(wait->ctx, NULL, text, (size_t)(end.at - end.start), s->count);
}

static void free_wait(nf_contacts_wait *wait)
{
    nf_list_key_release(&wait->key);
    free(wait);
}

static void begin(nf_contacts *c, const char *field)
{
    c->making = nf_alloc(sizeof *c->making);
    c->making->field = field;
}

static void end(nf_contacts *c)
{
    c->making->next = c->indexes;
    c->indexes = c->making;
    c->making = NULL;
}

static void on_thread(uv_work_t *work)
{
    make(work->data);
}

static void on_made(uv_work_t *work, int status);

static void start_job(nf_contacts *c)
{
    begin(c, c->waits->field);
    c->work.data = nf_contacts_ref(c);
    uv_queue_work(&c->loop->uv, &c->work, on_thread, on_made);
}

static void on_made(uv_work_t *work, int status)
{
    nf_contacts *c = work->data;
    nf_contacts_wait *wait, *next;
    (void)status;
    end(c);
    do { /* the one told may forget others */
        next = NULL;
        DL_FOREACH (c->waits, wait) {
            if (c->broken.status != NF_OK || index_of(c, wait->field)) {
                next = wait;
                break;
            }
        }
        if (next) {
            DL_DELETE(c->waits, next);
            tell(c, next);
            free_wait(next);
        }
    } while (next);
    if (c->waits)
        start_job(c);
    nf_contacts_unref(c);
}

static const char *known_field(const char *field, nf_error *err)
{
    static const char *const fields[] = {
        "externalId",     "firstName",         "lastName",    "displayName",
        "initials",       "company",           "department",  "jobTitle",
        "phones",         "userPrincipalName", "imAddresses", "emailAddresses",
        "businessPhones", "mobilePhones",      "homePhones",  NULL};
    for (const char *const *known = fields; *known; known++) {
        if (strcmp(*known, field) == 0)
            return *known;
    }
    nf_suggest_error(err, NF_E_ARG, "field of a contact", field, fields);
    return NULL;
}

nf_contacts_wait *nf_contacts_find(nf_contacts *c, const char *field, const json_t *value,
                                   nf_contacts_done *done, void *ctx)
{
    nf_error err = {0};
    nf_contacts_wait *wait = nf_alloc(sizeof *wait);
    *wait = (nf_contacts_wait){.contacts = c, .done = done, .ctx = ctx};
    wait->field = known_field(field, &err);
    bool has_key = nf_list_key_of_json(&wait->key, value, c->country);
    if (wait->field && has_key && !c->making && !index_of(c, wait->field)
        && c->answer->len <= SMALL_BOOK) {
        begin(c, wait->field);
        make(c);
        end(c);
    }
    if (!wait->field)
        done(ctx, &err, NULL, 0, 0);
    else if (!has_key)
        done(ctx, NULL, NULL, 0, 0);
    else if (!c->making && index_of(c, wait->field))
        tell(c, wait);
    else {
        DL_APPEND(c->waits, wait);
        if (!c->making)
            start_job(c);
        return wait;
    }
    free_wait(wait);
    return NULL;
}

void nf_contacts_forget(nf_contacts_wait *wait)
{
    DL_DELETE(wait->contacts->waits, wait);
    free_wait(wait);
}
