/* SPDX-License-Identifier: Apache-2.0 */
/* http_reply.c: see http_reply.h. */
#include "net/http_reply.h"

#include "base/alloc.h"
#include "base/macros.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_HEAD = 64 << 10, MOST_LINE = 8 << 10, ONE_DAY_S = 86400 };

/* Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
static uint32_t retry_after(const char *value)
{
    char *end;
    long long seconds = strtoll(value, &end, 10);
    if (end == value || *end) {
        time_t when = curl_getdate(value, NULL);
        if (when < 0)
            return 0;
        seconds = when - time(NULL);
    }
    return (uint32_t)NF_MIN(NF_MAX(seconds, 0), ONE_DAY_S) * 1000;
}

static void take_header(nf_http_reply *r)
{
    const char *name = nf_strbuf_text(&r->name), *value = nf_strbuf_text(&r->value);
    if (strcasecmp(name, "location") == 0) {
        free(r->location);
        r->location = nf_strdup(value);
    } else if (strcasecmp(name, "retry-after") == 0) {
        r->retry_after_ms = retry_after(value);
    }
    nf_strbuf_clear(&r->name);
    nf_strbuf_clear(&r->value);
    r->in_value = false;
}

static int take_line(nf_http_reply *r, nf_strbuf *to, const char *at, size_t len)
{
    r->head += len;
    return r->head <= MOST_HEAD && nf_strbuf_add(to, at, len) ? 0 : -1;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    nf_http_reply *r = parser->data;
    if (r->in_value)
        take_header(r);
    return take_line(r, &r->name, at, len);
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    nf_http_reply *r = parser->data;
    r->in_value = true;
    return take_line(r, &r->value, at, len);
}

static int on_head(llhttp_t *parser)
{
    nf_http_reply *r = parser->data;
    if (r->in_value)
        take_header(r);
    r->status = parser->status_code;
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    nf_http_reply *r = parser->data;
    return nf_strbuf_add(&r->body, at, len) ? 0 : -1;
}

static int on_end(llhttp_t *parser)
{
    nf_http_reply *r = parser->data;
    if (r->status >= 100 && r->status < 200 && r->status != 101)
        return 0; /* an interim answer; the real one follows */
    r->done = true;
    r->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_end,
};

void nf_http_reply_init(nf_http_reply *r, size_t max_body)
{
    nf_strbuf body = r->body, name = r->name,
              value = r->value; /* their memory is kept from answer to answer */
    *r = (nf_http_reply){.body = body, .name = name, .value = value};
    r->body.limit = max_body;
    r->name.limit = r->value.limit = MOST_LINE;
    nf_strbuf_clear(&r->body);
    nf_strbuf_clear(&r->name);
    nf_strbuf_clear(&r->value);
    llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
    r->parser.data = r;
}

void nf_http_reply_release(nf_http_reply *r)
{
    nf_strbuf_release(&r->body);
    nf_strbuf_release(&r->name);
    nf_strbuf_release(&r->value);
    free(r->location);
    r->location = NULL;
}

bool nf_http_reply_feed(nf_http_reply *r, const char *bytes, size_t len, const char **why)
{
    llhttp_errno_t rc = llhttp_execute(&r->parser, bytes, len);
    if (r->done) {
        if (rc == HPE_PAUSED && llhttp_get_error_pos(&r->parser) != bytes + len)
            r->keep_alive =
                false; /* more than was asked for: the connection is not trusted any further */
        return true;
    }
    if (rc == HPE_OK)
        return true;
    *why = r->body.overflow ? "the answer is larger than allowed" : "the answer is not HTTP";
    return false;
}

bool nf_http_reply_end(nf_http_reply *r)
{
    if (!r->done && r->status)
        llhttp_finish(&r->parser);
    return r->done;
}
