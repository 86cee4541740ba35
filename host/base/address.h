/* SPDX-License-Identifier: Apache-2.0 */
/* address.h: "HOST:PORT" as text. */
#ifndef NF_BASE_ADDRESS_H
#define NF_BASE_ADDRESS_H

#include "nf/error.h"

#include <stddef.h>

/** Split "127.0.0.1:8080", "localhost:8080" or "[::1]:8080". `host` gets the part without brackets. */
nf_status nf_address_split(const char *text, char *host, size_t host_size, int *port,
                           nf_error *err);

/** Is this host name or address on this machine only? ("localhost", 127.0.0.0/8, ::1) */
bool nf_address_is_loopback(const char *host);

/**
 * May a token be sent to this URL? https everywhere, http only to loopback (the error says so). No user info, no
 * fragment; a path is allowed.
 */
nf_status nf_url_check(const char *url, nf_error *err);

#endif
