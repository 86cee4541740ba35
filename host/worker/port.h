/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port.h: the worker's end of the channel: two buffers, whole frames in, whole frames out.
 *
 * Invariant: a frame that was begun is finished before the next one; everything that was written
 * goes out in order.
 */
#ifndef NF_WORKER_PORT_H
#define NF_WORKER_PORT_H

#include "channel/protocol.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nf_port {
    int fd;
    char *in, *out;
    size_t in_from, in_to;   /* unread bytes of `in` */
    size_t out_from, out_to; /* unsent bytes of `out` */
} nf_port;

/** Take over the connected socket `fd`. False with errno set. */
bool nf_port_open(nf_port *port, int fd);

/** Read what is there, at most a buffer full. False when the peer is gone. */
bool nf_port_read(nf_port *port);

/** The next whole frame that was read; its payload is valid until the next read. False if there is
 * none. */
bool nf_port_frame(nf_port *port, nf_frame *frame, const char **payload);

/** Is there room for the largest frame? If not, nothing may be put before a flush that made room.
 */
bool nf_port_has_room(const nf_port *port);

/** Begin a frame with a payload of `size` bytes, and put its bytes. */
void nf_port_begin(nf_port *port, nf_msg type, uint16_t aux, uint64_t id, size_t size);
void nf_port_put(nf_port *port, const void *bytes, size_t size);

/** Was something put that is not sent? */
bool nf_port_unsent(const nf_port *port);

/** Send as much as the socket takes. False when the peer is gone. */
bool nf_port_flush(nf_port *port);

/** Wait up to `timeout_ms` (-1: for ever) until there is something to read, or room to send if
 * something is unsent. */
void nf_port_wait(nf_port *port, int timeout_ms);

#endif
