/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c: see journal.h. */
#include "run/journal.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_LEFT = 256 }; /* in the timeline, for the ends of what is open */

/* ---- marks ---- */

nf_counted_mark *nf_mark_ref(nf_counted_mark *mark)
{
    mark->refs++;
    return mark;
}

void nf_mark_unref(nf_counted_mark *mark)
{
    if (mark && --mark->refs == 0)
        free(mark);
}

/* ---- entries ---- */

static void unref_entry(nf_entry *entry)
{
    if (entry && --entry->refs == 0)
        free(entry);
}

/* The entry and its three texts are one piece of memory. */
static nf_entry *new_entry(const nf_action *action, const nf_entry_row *row)
{
    nf_entry *entry = nf_alloc(sizeof *entry + row->args_len + row->line_len + row->len + 3);
    char *at = (char *)(entry + 1);
    entry->refs = 1;
    entry->action = action;
    entry->row = *row;
    entry->row.args = memcpy(at, row->args ? row->args : "", row->args_len);
    at += row->args_len + 1;
    entry->row.line = memcpy(at, row->line ? row->line : "", row->line_len);
    at += row->line_len + 1;
    entry->row.result = memcpy(at, row->result ? row->result : "", row->len);
    return entry;
}

static bool has_result(const nf_entry *entry)
{
    return entry->row.state == NF_ENTRY_RESULT || entry->row.state == NF_ENTRY_ERROR;
}

bool nf_entry_fits(nf_entry *entry, const nf_action *action, const char *args, size_t len)
{
    uint8_t hash[NF_SHA256_SIZE];
    if (entry->action != action)
        return false;
    if (entry->row.args_len == len && len > 0 && memcmp(entry->row.args, args, len) == 0)
        return true;
    if (!entry->hashed) {
        nf_json_digest(entry->row.args, entry->row.args_len, entry->row.hash);
        entry->hashed = true;
    }
    nf_json_digest(args, len, hash);
    return memcmp(hash, entry->row.hash, sizeof hash) == 0;
}

uint64_t nf_entry_started_ns(const nf_entry *entry)
{
    static const char member[] = "\"at_ms\":";
    const char *at = memmem(entry->row.line, entry->row.line_len, member, sizeof member - 1);
    return at ? (uint64_t)(strtod(at + sizeof member - 1, NULL) * 1e6) : 0;
}

/* ---- the journal ---- */

nf_journal *nf_journal_new(void)
{
    nf_journal *journal = nf_alloc(sizeof *journal);
    journal->mark = nf_alloc(sizeof *journal->mark);
    journal->mark->refs = 1;
    return journal;
}

void nf_journal_free(nf_journal *journal)
{
    if (!journal)
        return;
    for (uint32_t i = 0; i < journal->highest; i++) {
        if (journal->entries[i])
            journal->entries[i]->run = NULL;
        unref_entry(journal->entries[i]);
    }
    nf_mark_unref(journal->mark);
    free(journal->entries);
    free(journal->order);
    free(journal);
}

nf_entry *nf_journal_find(const nf_journal *journal, uint32_t number)
{
    return number > 0 && number <= journal->highest ? journal->entries[number - 1] : NULL;
}

static uint32_t more_room(uint32_t room, uint32_t needed)
{
    room = NF_MAX(room, 2u);
    while (room < needed)
        room *= 2;
    return room;
}

static void place(nf_journal *journal, nf_entry *entry)
{
    uint32_t number = entry->row.number;
    if (number > journal->room) {
        uint32_t room = more_room(journal->room, number);
        journal->entries = nf_realloc(journal->entries, room * sizeof(nf_entry *));
        memset(journal->entries + journal->room, 0, (room - journal->room) * sizeof(nf_entry *));
        journal->room = room;
    }
    nf_entry *before = journal->entries[number - 1];
    if (before) {
        before->run = NULL;
        unref_entry(before);
    }
    journal->entries[number - 1] = entry;
    journal->highest = NF_MAX(journal->highest, number);
    journal->bytes += entry->row.args_len + entry->row.line_len + entry->row.len;
}

static void give_turn(nf_journal *journal, nf_entry *entry)
{
    if (journal->turns == journal->order_room) {
        journal->order_room = more_room(journal->order_room, journal->turns + 1);
        journal->order = nf_realloc(journal->order, journal->order_room * sizeof(nf_entry *));
    }
    journal->order[journal->turns++] = entry;
    entry->row.turn = journal->turns;
}

nf_entry *nf_journal_put(nf_journal *journal, struct nf_run *run, const nf_action *action,
                         const nf_entry_row *row)
{
    nf_entry *entry = new_entry(action, row);
    entry->run = run;
    entry->row.began_ms = journal->began_ms;
    if (has_result(entry))
        give_turn(journal, entry);
    place(journal, entry);
    return entry;
}

static const nf_action *action_named(const nf_action *const *actions, const char *name)
{
    for (; *actions; actions++) {
        if (strcmp((*actions)->name, name) == 0)
            return *actions;
    }
    return NULL;
}

void nf_journal_recall(nf_journal *journal, const nf_action *const *actions,
                       const nf_entry_row *row)
{
    const nf_action *action = action_named(actions, row->action);
    nf_entry *entry = new_entry(action, row);
    entry->row.action = action ? action->name : "";
    entry->hashed = entry->durable = true;
    entry->lacking = !action;
    journal->began_ms = row->began_ms;
    journal->mark->mark.written = true;
    place(journal, entry);
}

static int by_turn(const void *a, const void *b)
{
    const nf_entry *x = *(nf_entry *const *)a, *y = *(nf_entry *const *)b;
    return (x->row.turn > y->row.turn) - (x->row.turn < y->row.turn);
}

void nf_journal_recalled(nf_journal *journal, struct nf_run *run)
{
    for (uint32_t i = 0; i < journal->highest; i++) {
        nf_entry *entry = journal->entries[i];
        if (!entry)
            continue;
        entry->run = run;
        if (has_result(entry)) {
            uint32_t turn = entry->row.turn;
            give_turn(journal, entry);
            entry->row.turn = turn;
        }
    }
    if (journal->turns)
        qsort(journal->order, journal->turns, sizeof(nf_entry *), by_turn);
    for (uint32_t i = 0; i < journal->turns; i++)
        journal->order[i]->row.turn = i + 1;
    journal->written = journal->turns;
}

void nf_journal_rewind(nf_journal *journal)
{
    journal->given = 0;
    for (uint32_t i = 0; i < journal->highest; i++) {
        if (journal->entries[i])
            journal->entries[i]->asked = false;
    }
}

nf_entry *nf_journal_next(nf_journal *journal)
{
    nf_entry *entry = journal->given < journal->turns ? journal->order[journal->given] : NULL;
    return entry && entry->asked && entry->durable ? entry : NULL;
}

const nf_entry *nf_journal_unasked(const nf_journal *journal)
{
    for (uint32_t i = 0; i < journal->highest; i++) {
        if (journal->entries[i] && !journal->entries[i]->asked)
            return journal->entries[i];
    }
    return NULL;
}

/* ---- on the disk ---- */

struct writing {
    nf_entry *entry;
    nf_counted_mark *mark;
    void (*then)(nf_entry *entry, const nf_error *err);
};

static void on_written(void *ctx, const nf_error *err)
{
    struct writing *w = ctx;
    if (!err)
        w->entry->durable = true;
    if (w->then && w->entry->run)
        w->then(w->entry, err);
    unref_entry(w->entry);
    nf_mark_unref(w->mark);
    free(w);
}

static void write_entry(nf_store *store, nf_journal *journal, nf_entry *entry,
                        void (*then)(nf_entry *entry, const nf_error *err))
{
    struct writing *w = nf_alloc(sizeof *w);
    entry->refs++;
    *w = (struct writing){entry, nf_mark_ref(journal->mark), then};
    nf_store_put_entry(store, &entry->row, &journal->mark->mark, on_written, w);
}

static void flush_until(nf_store *store, nf_journal *journal, uint32_t turn)
{
    while (journal->written < turn)
        write_entry(store, journal, journal->order[journal->written++], NULL);
}

void nf_journal_flush(nf_store *store, nf_journal *journal)
{
    flush_until(store, journal, journal->turns);
}

void nf_journal_write(nf_store *store, nf_journal *journal, nf_entry *entry,
                      void (*then)(nf_entry *entry, const nf_error *err))
{
    bool last = has_result(entry); /* it has the last turn */
    flush_until(store, journal, journal->turns - last);
    journal->written = journal->turns;
    write_entry(store, journal, entry, then);
}

/* ---- the history ---- */

static void add_number(nf_strbuf *out, const char *name, uint64_t number)
{
    nf_strbuf_puts(out, name);
    nf_strbuf_add_u64(out, number);
}

/* What came back; too much of it is left out, since the history must stay readable. */
static void add_result(nf_strbuf *out, const nf_entry_row *row)
{
    if (!row->len)
        return;
    if (out->len + row->len + ROOM_LEFT > out->limit) {
        nf_strbuf_puts(out, ",\"cut\":true");
        return;
    }
    nf_strbuf_puts(out, row->state == NF_ENTRY_ERROR ? ",\"error\":" : ",\"result\":");
    nf_strbuf_add(out, row->result, row->len);
}

void nf_journal_timeline(const nf_journal *journal, nf_strbuf *out)
{
    nf_strbuf_reserve(out, NF_MIN(journal->bytes + journal->highest * 64 + 1, out->limit));
    for (uint32_t i = 0; i < journal->highest; i++) {
        const nf_entry *entry = journal->entries[i];
        if (!entry)
            continue;
        if (out->len + entry->row.line_len + ROOM_LEFT > out->limit)
            return;
        nf_strbuf_puts(out, out->len ? ",{" : "{");
        nf_strbuf_add(out, entry->row.line, entry->row.line_len);
        if (has_result(entry)) {
            add_number(out, ",\"turn\":", entry->row.turn);
            add_number(out, ",\"now\":", (uint64_t)entry->row.at_ms);
            add_result(out, &entry->row);
        }
        nf_strbuf_puts(out, "}");
    }
}
