/* layer: net */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http.c: a stream of requests as a connection would read it. The first byte says how long the
 * pieces are.
 *
 * Held to: no piece of memory beyond its end is read; cutting the stream into other pieces changes
 * nothing; what was taken keeps the rules of the guard.
 */
#include "net/http_message.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_HEAD = 600, MAX_BODY = 300 };

static void require(bool fine, const char *what)
{
    if (fine)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void check_taken(const nf_http_message *m)
{
    const nf_http_head *head = &m->head;
    require(head->path[0] == '/' || strcmp(head->path, "*") == 0, "a path begins with a slash");
    require(head->minor == 0 || head->host, "a request has a Host");
    require(!(head->chunked && head->has_length), "a request has one length");
    require(m->body.len <= MAX_BODY, "a body keeps its limit");
    require(strlen(nf_strbuf_text(&m->body)) <= m->body.len, "a body ends with a NUL");
    for (size_t i = 0; i < head->count; i++) {
        require(head->fields[i].name[0] != '\0', "a header has a name");
        require(!strpbrk(head->fields[i].name, " \t\r\n:"), "a header name is a token");
        require(!strpbrk(head->fields[i].value, "\r\n"), "a header value is one line");
    }
}

/* What came out, as text. */
static void add_request(nf_strbuf *log, const nf_http_message *m)
{
    check_taken(m);
    nf_strbuf_addf(log, "%s %s ? %s %zu %d ", m->head.method, m->head.path, m->head.query,
                   m->head.count, m->keep_alive);
    for (size_t i = 0; i < m->head.count; i++)
        nf_strbuf_addf(log, "%s=%s;", m->head.fields[i].name, m->head.fields[i].value);
    nf_strbuf_add(log, m->body.bytes ? m->body.bytes : "", m->body.len);
    nf_strbuf_puts(log, "\n");
}

/* Read the stream in pieces of `step` bytes, each in memory of its own size. */
static void read_stream(const uint8_t *data, size_t size, size_t step, nf_strbuf *log)
{
    nf_http_message m;
    nf_http_progress progress = NF_HTTP_MORE_HEAD;
    size_t done = 0, got = 0;
    nf_http_message_init(&m, MAX_HEAD, MAX_BODY);
    while (progress != NF_HTTP_REFUSED
           && (got < size || (progress == NF_HTTP_DONE && done < got))) {
        size_t used;
        if (progress != NF_HTTP_DONE || done == got)
            got = size - got < step ? size : got + step;
        if (progress == NF_HTTP_DONE)
            nf_http_message_reset(&m);
        char *bytes = malloc(got - done + 1);
        memcpy(bytes, data + done, got - done);
        char *exact = realloc(bytes, got - done ? got - done : 1);
        progress = nf_http_message_feed(&m, exact, got - done, &used);
        require(used <= got - done, "no more is used than there was");
        done += used;
        free(exact);
        if (progress == NF_HTTP_DONE)
            add_request(log, &m);
    }
    nf_strbuf_addf(log, "end %d", progress);
    nf_http_message_release(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 8192)
        return 0;
    nf_strbuf whole = nf_strbuf_new(1 << 24), pieces = nf_strbuf_new(1 << 24);
    read_stream(data + 1, size - 1, size, &whole);
    read_stream(data + 1, size - 1, (size_t)data[0] % 32 + 1, &pieces);
    require(whole.len == pieces.len && memcmp(whole.bytes, pieces.bytes, whole.len) == 0,
            "pieces change nothing");
    nf_strbuf_release(&whole);
    nf_strbuf_release(&pieces);
    return 0;
}
