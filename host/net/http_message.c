/* SPDX-License-Identifier: Apache-2.0 */
/* http_message.c: see http_message.h. No lenient flag of llhttp is ever set. */
#include "net/http_message.h"

#include "base/macros.h"

#include <string.h>

enum {
    KEPT_CAPACITY = 65536,     /* larger buffers are given back after the request */
    FRAMING_ALLOWANCE = 65536, /* bytes around the chunks of a body, trailers included */
};

/* ---- what the parser reports ---- */

static int on_head_end(llhttp_t *parser)
{
    nf_http_message *m = parser->data;
    m->saw_head = true;
    parser->upgrade = 0; /* "Upgrade" is an offer; it is not taken */
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    nf_http_message *m = parser->data;
    if (m->head.chunked) {
        m->refusal.why = nf_http_lines_check(&m->lines, m->framing, (size_t)(at - m->framing));
        if (m->refusal.why)
            return HPE_USER;
        m->framing = at + len;
    }
    if (nf_strbuf_add(&m->body, at, len))
        return 0;
    m->refusal = (nf_http_refusal){413, "the body is too large"};
    return HPE_USER;
}

static int on_end(llhttp_t *parser)
{
    nf_http_message *m = parser->data;
    m->saw_end = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_head_end,
    .on_body = on_body,
    .on_message_complete = on_end,
};

/* ---- life ---- */

static void begin(nf_http_message *m)
{
    m->refusal = (nf_http_refusal){0, NULL};
    m->progress = NF_HTTP_MORE_HEAD;
    m->lines = (nf_http_lines){0};
    m->scanned = 0;
    m->wire = 0;
    m->saw_head = m->saw_end = m->keep_alive = false;
}

void nf_http_message_init(nf_http_message *m, size_t max_head, size_t max_body)
{
    *m = (nf_http_message){.max_head = max_head, .max_body = max_body};
    m->text = nf_strbuf_new(max_head);
    m->body = nf_strbuf_new(max_body);
    begin(m);
}

void nf_http_message_release(nf_http_message *m)
{
    nf_strbuf_release(&m->text);
    nf_strbuf_release(&m->body);
}

static void empty(nf_strbuf *sb)
{
    if (sb->capacity > KEPT_CAPACITY)
        nf_strbuf_release(sb);
    else
        nf_strbuf_clear(sb);
}

void nf_http_message_reset(nf_http_message *m)
{
    empty(&m->text);
    empty(&m->body);
    begin(m);
}

/* ---- reading ---- */

static nf_http_progress refuse(nf_http_message *m, int status, const char *why)
{
    if (!m->refusal.status)
        m->refusal = (nf_http_refusal){status, m->refusal.why ? m->refusal.why : why};
    return m->progress = NF_HTTP_REFUSED;
}

static nf_http_progress refuse_by_parser(nf_http_message *m)
{
    bool unknown_method = llhttp_get_errno(&m->parser) == HPE_INVALID_METHOD;
    return refuse(m, unknown_method ? 501 : 400,
                  unknown_method ? "an unknown method" : "a malformed request");
}

static nf_http_progress finish(nf_http_message *m)
{
    m->keep_alive = llhttp_should_keep_alive(&m->parser);
    return m->progress = NF_HTTP_DONE;
}

/* The parser gets the last byte of the head alone: it must see the end there, not before and not
 * later. */
static bool parser_agrees(nf_http_message *m, const char *bytes, size_t len)
{
    llhttp_init(&m->parser, HTTP_REQUEST, &settings);
    m->parser.data = m;
    if (llhttp_execute(&m->parser, bytes, len - 1) != HPE_OK || m->saw_head)
        return false;
    llhttp_errno_t rc = llhttp_execute(&m->parser, bytes + len - 1, 1);
    return m->saw_head && rc == (m->saw_end ? HPE_PAUSED : HPE_OK);
}

static nf_http_progress read_head(nf_http_message *m, const char *bytes, size_t len)
{
    nf_strbuf_add(&m->text, bytes, len);
    m->refusal = nf_http_head_split(m->text.bytes, len, &m->head);
    if (m->refusal.status)
        return m->progress = NF_HTTP_REFUSED;
    if (!parser_agrees(m, bytes, len))
        return refuse_by_parser(m);
    if (m->head.has_length && m->parser.content_length > m->max_body)
        return refuse(m, 413, "the body is too large");
    if (m->saw_end)
        return finish(m);
    m->lines = (nf_http_lines){0};
    return m->progress = NF_HTTP_MORE_BODY;
}

/* Collect the head; nothing is used until it is complete. */
static nf_http_progress collect_head(nf_http_message *m, const char *bytes, size_t len,
                                     size_t *used)
{
    bool is_end;
    const char *why;
    size_t seen = NF_MIN(len, m->max_head);
    if (seen > m->scanned)
        m->scanned +=
            nf_http_lines_scan(&m->lines, bytes + m->scanned, seen - m->scanned, &is_end, &why);
    else
        is_end = false, why = NULL;
    if (why)
        return refuse(m, 400, why);
    if (!is_end && m->scanned >= m->max_head)
        return refuse(m, 431, "the head of the request is too large");
    if (!is_end)
        return NF_HTTP_MORE_HEAD;
    *used = m->scanned;
    return read_head(m, bytes, m->scanned);
}

static nf_http_progress read_body(nf_http_message *m, const char *bytes, size_t len, size_t *used)
{
    m->framing = bytes;
    llhttp_errno_t rc = llhttp_execute(&m->parser, bytes, len);
    if (rc != HPE_OK && rc != HPE_PAUSED)
        return refuse_by_parser(m);
    size_t read = m->saw_end ? (size_t)(llhttp_get_error_pos(&m->parser) - bytes) : len;
    m->wire += read;
    if (m->head.chunked) {
        const char *why =
            nf_http_lines_check(&m->lines, m->framing, (size_t)(bytes + read - m->framing));
        if (why)
            return refuse(m, 400, why);
    }
    if (m->wire > m->max_body + FRAMING_ALLOWANCE)
        return refuse(m, 413, "too much around the chunks of the body");
    *used += read;
    return m->saw_end ? finish(m) : NF_HTTP_MORE_BODY;
}

nf_http_progress nf_http_message_feed(nf_http_message *m, const char *bytes, size_t len,
                                      size_t *used)
{
    *used = 0;
    if (m->progress == NF_HTTP_MORE_HEAD)
        collect_head(m, bytes, len, used);
    if (m->progress == NF_HTTP_MORE_BODY && *used < len)
        read_body(m, bytes + *used, len - *used, used);
    return m->progress;
}
