/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.h: memory of the program's own size. These never return NULL: running out of it ends the process.
 * Anything sized by an outsider is refused by a limit before it comes here. Free with free().
 */
#ifndef NF_BASE_ALLOC_H
#define NF_BASE_ALLOC_H

#include <stddef.h>

/** `size` zeroed bytes, owned by the caller. */
void *nf_alloc(size_t size) __attribute__((malloc, returns_nonnull, warn_unused_result));

/** Resize as realloc does; a new part is not zeroed. */
void *nf_realloc(void *old, size_t size) __attribute__((returns_nonnull, warn_unused_result));

/** A copy of a string, owned by the caller; NULL gives NULL. */
char *nf_strdup(const char *text) __attribute__((warn_unused_result));

/** A copy of `size` bytes with a NUL behind them, owned by the caller. */
char *nf_memdup(const void *bytes, size_t size)
    __attribute__((malloc, returns_nonnull, warn_unused_result));

/** A new formatted string, owned by the caller. */
char *nf_format(const char *format, ...)
    __attribute__((format(printf, 1, 2), malloc, returns_nonnull, warn_unused_result));

#endif
