/* SPDX-License-Identifier: Apache-2.0 */
/* lists_build.c: a book from the lines that nimflow-reader writes. */
#include "act/lists_table.h"

#include "base/alloc.h"
#include "base/jscan.h"
#include "base/json.h"
#include "base/macros.h"

#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 256, COLUMNS_MAX = 1000, ROWS_MAX = 1000000 };

static nf_status broken(nf_error *err, const char *what)
{
    return nf_error_set(err, NF_E_PROTOCOL, "the reader wrote %s", what);
}

static nf_status too_large(const nf_book *book, nf_error *err)
{
    return nf_error_set(err, NF_E_LIMIT,
                        "the lists of this tenant need more than %zu MiB of memory",
                        book->limit >> 20);
}

/* {"A": for the first column, ,"B": for the others */
static char *quote_name(const char *name, bool first)
{
    size_t len = strlen(name);
    char *out = nf_alloc(6 * len + 5);
    out[0] = first ? '{' : ',';
    size_t size = 1 + nf_json_quote(name, len, out + 1);
    memcpy(out + size, ":", 2);
    return out;
}

static nf_status add_columns(nf_table *table, const json_t *names, nf_error *err)
{
    size_t count = json_array_size(names);
    if (!json_is_array(names) || count > COLUMNS_MAX)
        return broken(err, "a table without columns");
    table->columns = nf_alloc((count + 1) * sizeof *table->columns);
    table->quoted = nf_alloc((count + 1) * sizeof *table->quoted);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name)
            return broken(err, "a column without a name");
        table->columns[i] = nf_strdup(name);
        table->quoted[i] = quote_name(name, i == 0);
        table->column_count++;
    }
    return NF_OK;
}

static nf_status add_table(nf_book *book, const json_t *head, nf_error *err)
{
    if (book->table_count == TABLES_MAX)
        return broken(err, "too many tables");
    book->tables = nf_realloc(book->tables, (book->table_count + 1) * sizeof *book->tables);
    nf_table *table = &book->tables[book->table_count++];
    *table = (nf_table){
        .sheet = nf_strdup(nf_json_string(head, "sheet")),
        .name = nf_strdup(nf_json_string(head, "table")),
        .problem = nf_strdup(nf_json_string(head, "problem")),
    };
    return table->problem ? NF_OK : add_columns(table, json_object_get(head, "columns"), err);
}

static nf_status take_reader_error(const json_t *line, const char *text, nf_error *err)
{
    const char *kind = nf_json_string(line, "kind");
    nf_status status = NF_E_PARSE;
    if (kind && strcmp(kind, nf_status_kind(NF_E_LIMIT)) == 0)
        status = NF_E_LIMIT;
    else if (kind && strcmp(kind, nf_status_kind(NF_E_IO)) == 0)
        status = NF_E_IO;
    return nf_error_set(err, status, "%s", text);
}

static nf_status take_object(nf_book *book, const char *line, size_t len, nf_error *err)
{
    nf_error ignored = {0};
    json_t *object = nf_json_parse(line, len, &ignored);
    const char *failed = nf_json_string(object, "error");
    nf_status status;
    if (!object)
        status = broken(err, "a line that is no JSON");
    else if (failed)
        status = take_reader_error(object, failed, err);
    else if ((book->ended = json_is_true(json_object_get(object, "end"))))
        status = NF_OK;
    else
        status = add_table(book, object, err);
    json_decref(object);
    return status;
}

/* Is the line a flat array of exactly `count` scalars? */
static bool is_row(const char *line, size_t len, size_t count)
{
    nf_jscan scan;
    nf_jscan_init(&scan, line, len);
    if (nf_jscan_next(&scan) != NF_J_ARRAY)
        return false;
    for (size_t i = 0; i < count; i++) {
        nf_jtoken token = nf_jscan_next(&scan);
        if (token != NF_J_STRING && token != NF_J_NUMBER && token != NF_J_TRUE
            && token != NF_J_FALSE && token != NF_J_NULL)
            return false;
    }
    return nf_jscan_next(&scan) == NF_J_ARRAY_END && nf_jscan_next(&scan) == NF_J_END;
}

static void make_room(nf_book *book, nf_table *table)
{
    if (table->rows + 2 <= table->room)
        return;
    size_t room = table->room ? 2 * table->room : 64;
    table->start = nf_realloc(table->start, room * sizeof *table->start);
    book->bytes += (room - table->room) * sizeof *table->start;
    table->room = room;
}

static nf_status take_row(nf_book *book, const char *line, size_t len, nf_error *err)
{
    nf_table *table = book->table_count ? &book->tables[book->table_count - 1] : NULL;
    if (!table || table->problem || !is_row(line, len, table->column_count)
        || table->rows == ROWS_MAX)
        return broken(err, "a row that does not fit its table");
    make_room(book, table);
    table->start[table->rows++] = (uint32_t)book->text.len;
    book->bytes += len;
    if (book->bytes > book->limit || !nf_strbuf_add(&book->text, line, len))
        return too_large(book, err);
    table->start[table->rows] = (uint32_t)book->text.len;
    return NF_OK;
}

static nf_status take_line(nf_book *book, const char *line, size_t len, nf_error *err)
{
    if (book->ended)
        return broken(err, "more after its end");
    return len > 0 && line[0] == '[' ? take_row(book, line, len, err)
                                     : take_object(book, line, len, err);
}

nf_status nf_book_feed(nf_book *book, const char *bytes, size_t len, nf_error *err)
{
    nf_status status = NF_OK;
    while (len > 0 && !status) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end ? (size_t)(end - bytes) : len;
        if (!end || book->line.len > 0) {
            if (!nf_strbuf_add(&book->line, bytes, part))
                return too_large(book, err);
            if (end)
                status = take_line(book, book->line.bytes, book->line.len, err);
        } else {
            status = take_line(book, bytes, part, err);
        }
        if (end)
            nf_strbuf_clear(&book->line);
        bytes += part + (end != NULL);
        len -= part + (end != NULL);
    }
    return status;
}

nf_status nf_book_finish(nf_book *book, nf_error *err)
{
    if (!book->ended || book->table_count == 0)
        return broken(err, "only a part of its result");
    nf_strbuf_release(&book->line);
    if (book->text.len > 0) { /* the buffer had grown ahead */
        book->text.bytes = nf_realloc(book->text.bytes, book->text.len + 1);
        book->text.capacity = book->text.len + 1;
    }
    return NF_OK;
}
