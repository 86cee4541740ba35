/* SPDX-License-Identifier: Apache-2.0 */
/* lists_table.c: looking up; building is in lists_build.c. */
#include "act/lists_table.h"

#include "base/alloc.h"
#include "base/jscan.h"
#include "base/macros.h"
#include "base/suggest.h"

#include <stdlib.h>
#include <string.h>

nf_book *nf_book_new(size_t limit)
{
    nf_book *book = nf_alloc(sizeof *book);
    book->limit = limit;
    book->text = nf_strbuf_new(limit);
    book->line = nf_strbuf_new(limit);
    book->users = 1;
    return book;
}

nf_book *nf_book_ref(nf_book *book)
{
    book->users++;
    return book;
}

static void release_table(nf_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        free(table->columns[i]);
        free(table->quoted[i]);
    }
    free(table->columns);
    free(table->quoted);
    free(table->sheet);
    free(table->name);
    free(table->problem);
    free(table->start);
}

void nf_book_unref(nf_book *book)
{
    if (!book || --book->users > 0)
        return;
    while (book->indexes) {
        nf_list_index *next = book->indexes->next;
        nf_list_index_free(book->indexes);
        book->indexes = next;
    }
    for (size_t i = 0; i < book->table_count; i++)
        release_table(&book->tables[i]);
    free(book->tables);
    nf_strbuf_release(&book->text);
    nf_strbuf_release(&book->line);
    free(book);
}

/* "no table 'X'; did you mean 'Y'?", or what there is. */
static void unknown(const nf_book *book, const char *what, const char *name, bool sheets,
                    nf_error *err)
{
    const char **known = nf_alloc((book->table_count + 1) * sizeof *known);
    size_t count = 0;
    for (size_t i = 0; i < book->table_count; i++) {
        const char *candidate = sheets ? book->tables[i].sheet : book->tables[i].name;
        if (candidate)
            known[count++] = candidate;
    }
    if (count == 0)
        nf_error_set(err, NF_E_NOT_FOUND, "unknown %s '%s'; the file has no %ss", what, name, what);
    else
        nf_suggest_error(err, NF_E_NOT_FOUND, what, name, known);
    free(known);
}

static bool same(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

static const nf_table *find_table(const nf_book *book, const char *table, const char *sheet)
{
    for (size_t i = 0; i < book->table_count; i++) {
        const nf_table *t = &book->tables[i];
        if ((!table || same(t->name, table)) && (!sheet || same(t->sheet, sheet))
            && (table || sheet || t->name))
            return t;
    }
    return !table && !sheet && book->table_count > 0 ? &book->tables[0] : NULL;
}

const nf_table *nf_book_table(const nf_book *book, const char *table, const char *sheet,
                              nf_error *err)
{
    const nf_table *found = find_table(book, table, sheet);
    if (!found && sheet && !find_table(book, NULL, sheet))
        unknown(book, "sheet", sheet, true, err);
    else if (!found)
        unknown(book, "table", table ? table : "", false, err);
    else if (found->problem && found->sheet)
        nf_error_set(err, NF_E_PARSE, "sheet '%s': %s", found->sheet, found->problem);
    else if (found->problem)
        nf_error_set(err, NF_E_PARSE, "%s", found->problem);
    return found && !found->problem ? found : NULL;
}

long nf_table_column(const nf_table *table, const char *name, nf_error *err)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i], name) == 0)
            return (long)i;
    nf_suggest_error(err, NF_E_NOT_FOUND, "column", name, (const char *const *)table->columns);
    return -1;
}

nf_list_index *nf_book_index(const nf_book *book, const nf_table *table, size_t column)
{
    for (nf_list_index *index = book->indexes; index; index = index->next)
        if (index->table == table && index->column == column)
            return index;
    return NULL;
}

static const char *row_text(const nf_book *book, const nf_table *table, size_t row, size_t *len)
{
    *len = table->start[row + 1] - table->start[row];
    return book->text.bytes + table->start[row];
}

/* The slot of a key, or the free one where it belongs. Keys are told apart by their 64-bit hash. */
static nf_list_slot *slot_of(const nf_list_index *index, uint64_t hash)
{
    size_t at = hash & index->mask;
    while (index->slots[at].count > 0 && index->slots[at].hash != hash)
        at = (at + 1) & index->mask;
    return &index->slots[at];
}

nf_list_index *nf_list_index_make(const nf_book *book, const nf_table *table, size_t column,
                                  const char *country)
{
    nf_list_index *index = nf_alloc(sizeof *index);
    size_t slots = 16, len;
    nf_list_key key = {0};
    while (slots < 2 * table->rows)
        slots *= 2;
    index->table = table;
    index->column = column;
    index->mask = slots - 1;
    index->slots = nf_alloc(slots * sizeof *index->slots);
    for (size_t row = 0; row < table->rows; row++) {
        const char *text = row_text(book, table, row, &len);
        if (!nf_list_key_of_cell(&key, text, len, column, country))
            continue;
        uint64_t hash = nf_list_key_hash(&key);
        nf_list_slot *slot = slot_of(index, hash);
        if (slot->count++ == 0) {
            slot->hash = hash;
            slot->row = (uint32_t)row;
        }
    }
    nf_list_key_release(&key);
    return index;
}

void nf_list_index_free(nf_list_index *index)
{
    free(index->slots);
    free(index);
}

nf_status nf_book_add_index(nf_book *book, nf_list_index *index, nf_error *err)
{
    size_t bytes = (index->mask + 1) * sizeof *index->slots;
    if (bytes > book->limit - NF_MIN(book->limit, book->bytes)) {
        nf_list_index_free(index);
        return nf_error_set(err, NF_E_LIMIT, "its tables and indexes need more than %zu MiB",
                            book->limit >> 20);
    }
    book->bytes += bytes;
    index->next = book->indexes;
    book->indexes = index;
    return NF_OK;
}

long nf_list_index_find(const nf_book *book, const nf_list_index *index, const nf_list_key *key,
                        const char *country, size_t *matches)
{
    const nf_list_slot *slot = slot_of(index, nf_list_key_hash(key));
    *matches = 0;
    if (slot->count == 0)
        return -1;
    size_t len;
    nf_list_key found = {0};
    const char *text = row_text(book, index->table, slot->row, &len);
    bool equal = nf_list_key_of_cell(&found, text, len, index->column, country)
                 && nf_list_key_equal(&found, key);
    nf_list_key_release(&found);
    if (!equal)
        return -1;
    *matches = slot->count;
    return (long)slot->row;
}

void nf_table_row_json(const nf_book *book, const nf_table *table, size_t row, nf_strbuf *out)
{
    size_t len;
    nf_jscan scan;
    const char *text = row_text(book, table, row, &len);
    nf_jscan_init(&scan, text, len);
    nf_jscan_next(&scan);
    for (size_t i = 0; i < table->column_count; i++) {
        nf_jtoken token = nf_jscan_next(&scan);
        nf_strbuf_puts(out, table->quoted[i]);
        switch (token) {
        case NF_J_STRING: /* with its quotes */
            nf_strbuf_add(out, scan.text - 1, scan.len + 2);
            break;
        case NF_J_NUMBER:
            nf_strbuf_add(out, scan.text, scan.len);
            break;
        default:
            nf_strbuf_puts(out, token == NF_J_TRUE    ? "true"
                                : token == NF_J_FALSE ? "false"
                                                      : "null");
        }
    }
    nf_strbuf_puts(out, table->column_count ? "}" : "{}");
}
