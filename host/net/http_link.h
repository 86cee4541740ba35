/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_link.h: a connection to a server, made by libcurl: names, proxies, TLS and certificates are its business; what
 * is said on it is ours (CURLOPT_CONNECT_ONLY).
 *
 * Why not whole transfers by libcurl: a transfer of 400 bytes costs it 38 us of CPU, a connection that is kept and our
 * own framing 9 us. The host spends most of its time here.
 */
#ifndef NF_NET_HTTP_LINK_H
#define NF_NET_HTTP_LINK_H

#include "loop/loop.h"

typedef struct nf_http_links nf_http_links;
typedef struct nf_http_link nf_http_link;

typedef struct nf_http_link_events {
    /** Connected (`err` NULL), or not: then the link is closed already. */
    void (*opened)(void *ctx, const nf_error *err);
    /** Bytes can be read, or (after nf_http_link_want_write) written. */
    void (*ready)(void *ctx, bool writable);
} nf_http_link_events;

/** What sending and reading come to. */
typedef enum nf_http_io { NF_HTTP_IO_DONE, NF_HTTP_IO_AGAIN, NF_HTTP_IO_CLOSED } nf_http_io;

/** All links of a client. */
nf_status nf_http_links_open(nf_loop *loop, nf_http_links **links, nf_error *err);

/** All links must be closed before. */
void nf_http_links_close(nf_http_links *links);

/**
 * Connect to the server of `url` (or to the unix socket). `opened` follows from the loop, never from inside. `events`
 * and `ctx` are borrowed for the link's life.
 */
nf_http_link *nf_http_link_open(nf_http_links *links, const char *url, const char *unix_socket,
                                const nf_http_link_events *events, void *ctx);

/** Send as much as goes out now. `*sent` bytes are gone; AGAIN: the rest when it is writable. */
nf_http_io nf_http_link_send(nf_http_link *link, const char *bytes, size_t len, size_t *sent);

/** Read what is there. DONE with *n == 0 does not occur: the end of the stream is CLOSED. */
nf_http_io nf_http_link_read(nf_http_link *link, char *bytes, size_t size, size_t *n);

/** Tell `ready` also when it is writable, or no longer. Reading is always told. */
void nf_http_link_want_write(nf_http_link *link, bool want);

/** Close and free; no callback follows. */
void nf_http_link_close(nf_http_link *link);

#endif
