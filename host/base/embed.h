/* SPDX-License-Identifier: Apache-2.0 */
/* embed.h: files that the build put into the program (host/cmake/nf_embed.cmake). */
#ifndef NF_BASE_EMBED_H
#define NF_BASE_EMBED_H

#include <stddef.h>

/** One file. A table of them ends with a NULL name. */
typedef struct nf_embedded {
    const char *name;           /* without folders */
    const unsigned char *bytes; /* a NUL follows them */
    size_t len;
} nf_embedded;

#endif
