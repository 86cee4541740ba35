/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_guard.h: what may be in the head of a request, byte by byte. Pure functions, no I/O.
 *
 * Two programs that disagree about where a message ends can be played against each other (request
 * smuggling). So a head is first collected whole and checked here, by rules stricter than any
 * parser's, before the parser sees it: lines end in CRLF and nothing else, no NUL or other control
 * characters, no folded lines, names are tokens followed directly by a colon, one Host, one known
 * length. The same line rules hold for what surrounds the chunks of a body.
 */
#ifndef NF_NET_HTTP_GUARD_H
#define NF_NET_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum { NF_HTTP_FIELDS = 100 }; /* most header lines of one request */

/** Why a request is refused: the status to answer and a text for people. status 0: it is not. */
typedef struct nf_http_refusal {
    int status;
    const char *why; /* static */
} nf_http_refusal;

/** The line rules at work; starts as {0} and goes over any number of pieces. */
typedef struct nf_http_lines {
    unsigned char state; /* private */
} nf_http_lines;

/**
 * Read on to the end of the first empty line. Returns the bytes read: `len` unless an empty line
 * ended before, which sets `*empty`, or a rule is broken, which sets `*why` (static text).
 */
size_t nf_http_lines_scan(nf_http_lines *lines, const char *bytes, size_t len, bool *empty,
                          const char **why);

/** Do all bytes keep the line rules, empty lines or not? NULL, or the reason (static). */
const char *nf_http_lines_check(nf_http_lines *lines, const char *bytes, size_t len);

typedef struct nf_http_field {
    const char *name; /* in lower case */
    const char *value;
} nf_http_field;

/** A head taken apart. All text is NUL-terminated and lies in the buffer that was split. */
typedef struct nf_http_head {
    const char *method, *path, *query; /* query without '?', or "" */
    int minor;                         /* HTTP/1.minor: 0 or 1 */
    const char *host;                  /* or NULL on HTTP/1.0 */
    bool chunked, has_length;          /* how the body is framed; at most one is set */
    bool expects_continue;
    size_t count;
    nf_http_field fields[NF_HTTP_FIELDS];
} nf_http_head;

/**
 * Split a head that nf_http_lines_scan took, in place. `bytes` are `len` bytes up to and with the
 * empty line. A refusal leaves `head` undefined.
 */
nf_http_refusal nf_http_head_split(char *bytes, size_t len, nf_http_head *head);

/** The value of the first header `name` (lower case), or NULL. */
const char *nf_http_head_find(const nf_http_head *head, const char *name);

#endif
