/* SPDX-License-Identifier: Apache-2.0 */
/* http_wire.c: see http_wire.h. */
#include "net/http_wire.h"

#include <string.h>

/* Bytes that would end a line of the head, or a word of it, have no business in there. */
static bool clean(const char *text, unsigned char least)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < least || (unsigned char)*text >= 0x7F)
            return false;
    }
    return true;
}

bool nf_http_sendable(const nf_http_spec *spec)
{
    return clean(spec->method, '!') && clean(spec->url, '!') && clean(spec->bearer, '!')
           && clean(spec->content_type, ' ') && strstr(spec->url, "://");
}

/* "scheme://authority" of a URL, and what follows. */
size_t nf_http_origin_length(const char *url)
{
    const char *authority = strstr(url, "://");
    authority = authority ? authority + 3 : url;
    return (size_t)(authority - url) + strcspn(authority, "/?#");
}

void nf_http_write(nf_strbuf *wire, const nf_http_spec *spec)
{
    size_t origin = nf_http_origin_length(spec->url), scheme = strcspn(spec->url, ":") + 3;
    const char *path = spec->url + origin;
    nf_strbuf_reserve(wire, strlen(spec->url) + spec->len + 512
                                + (spec->bearer ? strlen(spec->bearer) : 0));
    nf_strbuf_puts(wire, spec->method);
    nf_strbuf_puts(wire, *path == '/' ? " " : " /");
    nf_strbuf_add(wire, path, strcspn(path, "#"));
    nf_strbuf_puts(wire, " HTTP/1.1\r\nHost: ");
    nf_strbuf_add(wire, spec->url + scheme, origin - scheme);
    nf_strbuf_puts(wire, "\r\nUser-Agent: nimflow/" NF_VERSION_STRING "\r\nAccept: */*\r\n");
    if (spec->bearer) {
        nf_strbuf_puts(wire, "Authorization: Bearer ");
        nf_strbuf_puts(wire, spec->bearer);
        nf_strbuf_puts(wire, "\r\n");
    }
    if (spec->content_type) {
        nf_strbuf_puts(wire, "Content-Type: ");
        nf_strbuf_puts(wire, spec->content_type);
        nf_strbuf_puts(wire, "\r\n");
    }
    if (spec->body || strcmp(spec->method, "POST") == 0 || strcmp(spec->method, "PUT") == 0) {
        nf_strbuf_puts(wire, "Content-Length: ");
        nf_strbuf_add_u64(wire, spec->body ? spec->len : 0);
        nf_strbuf_puts(wire, "\r\n");
    }
    nf_strbuf_puts(wire, "\r\n");
    if (spec->body)
        nf_strbuf_add(wire, spec->body, spec->len);
}
