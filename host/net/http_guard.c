/* SPDX-License-Identifier: Apache-2.0 */
/* http_guard.c: see http_guard.h. Nothing here allocates or looks beyond the bytes it is given. */
#include "net/http_guard.h"

#include <string.h>
#include <strings.h>

/* ---- lines ---- */

enum { AT_START, IN_LINE, AFTER_CR, AFTER_CR_AT_START };

static const char *step(unsigned char *state, unsigned char c, bool *empty)
{
    if (*state == AFTER_CR || *state == AFTER_CR_AT_START) {
        if (c != '\n')
            return "a carriage return without a line feed";
        *empty = *state == AFTER_CR_AT_START;
        *state = AT_START;
        return NULL;
    }
    if (c == '\r') {
        *state = *state == AT_START ? AFTER_CR_AT_START : AFTER_CR;
        return NULL;
    }
    if (c == '\n')
        return "a line feed without a carriage return";
    if ((c < ' ' && c != '\t') || c == 0x7F)
        return "a control character";
    if (*state == AT_START && (c == ' ' || c == '\t'))
        return "a line that begins with white space";
    *state = IN_LINE;
    return NULL;
}

/* Most bytes are plain text inside a line: run over those at once. */
static size_t skip_plain(unsigned char state, const char *bytes, size_t len)
{
    size_t i = 0;
    if (state == IN_LINE)
        while (i < len && (unsigned char)bytes[i] >= ' ' && bytes[i] != 0x7F)
            i++;
    return i;
}

size_t nf_http_lines_scan(nf_http_lines *lines, const char *bytes, size_t len, bool *empty,
                          const char **why)
{
    size_t i = 0;
    *empty = false;
    *why = NULL;
    while (i < len && !*empty && !*why) {
        i += skip_plain(lines->state, bytes + i, len - i);
        if (i < len)
            *why = step(&lines->state, (unsigned char)bytes[i++], empty);
    }
    return i;
}

const char *nf_http_lines_check(nf_http_lines *lines, const char *bytes, size_t len)
{
    const char *why = NULL;
    bool empty;
    for (size_t i = 0; i < len && !why;) {
        i += nf_http_lines_scan(lines, bytes + i, len - i, &empty, &why);
    }
    return why;
}

/* ---- the head ---- */

static const nf_http_refusal fine = {0, NULL};

static nf_http_refusal refuse(int status, const char *why)
{
    return (nf_http_refusal){status, why};
}

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!is_token_char((unsigned char)*text))
            return false;
    return true;
}

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

/* Cut the line at its CRLF; returns the start of the next one. The bytes are known to hold another
 * CRLF. */
static char *cut_line(char *line, const char *end)
{
    char *cr = memchr(line, '\r', (size_t)(end - line));
    *cr = '\0';
    return cr + 2;
}

/* "/path?query", "http://host/path?query" (its host must be the Host header's), or "*" for OPTIONS.
 */
static nf_http_refusal split_target(char *target, nf_http_head *head, const char **authority)
{
    *authority = NULL;
    if (strchr(target, '#'))
        return refuse(400, "a fragment in the request target");
    if (strncasecmp(target, "http://", 7) == 0) {
        char *host = target + 7;
        size_t len = strcspn(host, "/?");
        if (len == 0 || host[len] != '/')
            return refuse(400, "an absolute request target without a path");
        memmove(target, host, len); /* over the scheme, which leaves room for the NUL */
        target[len] = '\0';
        *authority = target;
        target = host + len;
    } else if (target[0] != '/'
               && !(strcmp(target, "*") == 0 && strcmp(head->method, "OPTIONS") == 0)) {
        return refuse(400, "a request target that is not a path");
    }
    char *mark = strchr(target, '?');
    if (mark)
        *mark++ = '\0';
    head->path = target;
    head->query = mark ? mark : "";
    return fine;
}

static nf_http_refusal split_request_line(char *line, nf_http_head *head, const char **authority)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version)
        return refuse(400, "a request line that is not METHOD TARGET VERSION");
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line))
        return refuse(400, "a method that is not a token");
    if (!*target || !is_visible(target))
        return refuse(400, "a request target with characters that are not visible ASCII");
    bool has_form = strncmp(version, "HTTP/", 5) == 0 && strlen(version) == 8 && version[6] == '.';
    if (!has_form || strspn(version + 5, "0123456789.") != 3)
        return refuse(400, "a protocol version that is not HTTP/1.1");
    if (version[5] != '1' || (version[7] != '0' && version[7] != '1'))
        return refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (strcmp(line, "CONNECT") == 0)
        return refuse(501, "this is no proxy");
    head->method = line;
    head->minor = version[7] - '0';
    return split_target(target, head, authority);
}

static nf_http_refusal split_field(char *line, nf_http_head *head)
{
    char *colon = strchr(line, ':');
    if (!colon)
        return refuse(400, "a header line without a colon");
    *colon = '\0';
    if (!is_token(line))
        return refuse(400, "a header name that is not a token");
    if (head->count == NF_HTTP_FIELDS)
        return refuse(431, "too many header lines");
    for (char *c = line; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t len = strlen(value);
    while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    head->fields[head->count++] = (nf_http_field){line, value};
    return fine;
}

static nf_http_refusal note_host(nf_http_head *head, const char *value)
{
    if (head->host)
        return refuse(400, "more than one Host");
    if (!is_visible(value) || strpbrk(value, "/?#@\\\"<>,"))
        return refuse(400, "a Host that is not a host name");
    head->host = value;
    return fine;
}

static nf_http_refusal note_length(nf_http_head *head, const char *value)
{
    if (head->has_length)
        return refuse(400, "more than one Content-Length");
    if (!*value || strspn(value, "0123456789") != strlen(value))
        return refuse(400, "a Content-Length that is not a number");
    head->has_length = true;
    return fine;
}

static nf_http_refusal note_encoding(nf_http_head *head, const char *value)
{
    if (head->minor == 0)
        return refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (head->chunked)
        return refuse(400, "more than one Transfer-Encoding");
    if (strcasecmp(value, "chunked") != 0)
        return refuse(501, "a Transfer-Encoding other than chunked");
    head->chunked = true;
    return fine;
}

static nf_http_refusal note_expectation(nf_http_head *head, const char *value)
{
    if (strcasecmp(value, "100-continue") != 0)
        return refuse(417, "an expectation other than 100-continue");
    head->expects_continue = head->minor == 1;
    return fine;
}

/* The few headers that decide about the framing. */
static nf_http_refusal note_field(nf_http_head *head, const nf_http_field *field)
{
    if (strcmp(field->name, "host") == 0)
        return note_host(head, field->value);
    if (strcmp(field->name, "content-length") == 0)
        return note_length(head, field->value);
    if (strcmp(field->name, "transfer-encoding") == 0)
        return note_encoding(head, field->value);
    if (strcmp(field->name, "expect") == 0)
        return note_expectation(head, field->value);
    return fine;
}

/* What only the whole head can tell. */
static nf_http_refusal check_head(const nf_http_head *head, const char *authority)
{
    if (head->minor == 1 && !head->host)
        return refuse(400, "no Host");
    if (authority && head->host && strcasecmp(authority, head->host) != 0)
        return refuse(400, "a request target for another host than Host");
    if (head->chunked && head->has_length)
        return refuse(400, "both Content-Length and Transfer-Encoding");
    bool sends = strcmp(head->method, "POST") == 0 || strcmp(head->method, "PUT") == 0;
    if (head->minor == 0 && sends && !head->has_length)
        return refuse(411, "a body without Content-Length");
    return fine;
}

nf_http_refusal nf_http_head_split(char *bytes, size_t len, nf_http_head *head)
{
    const char *end = bytes + len;
    const char *authority;
    head->method = head->path = head->query = head->host = NULL;
    head->chunked = head->has_length = head->expects_continue = false;
    head->count = 0;
    char *line = bytes, *next = cut_line(line, end);
    nf_http_refusal refusal = split_request_line(line, head, &authority);
    for (line = next; !refusal.status && *line != '\r'; line = next) {
        next = cut_line(line, end);
        refusal = split_field(line, head);
        if (!refusal.status)
            refusal = note_field(head, &head->fields[head->count - 1]);
    }
    return refusal.status ? refusal : check_head(head, authority);
}

const char *nf_http_head_find(const nf_http_head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}
