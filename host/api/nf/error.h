/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf/error.h: failures of the world as values.
 *
 * A function that can fail returns nf_status: NF_OK (0) or a negative number. The text goes into an nf_error of the
 * caller, written once, complete enough to show to a user; the first error wins. A bug of the program is not an
 * nf_error: it aborts (base/macros.h, nf_bug).
 */
#ifndef NF_API_ERROR_H
#define NF_API_ERROR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * X(NAME, kind, retryable): `kind` is what a script reads in err.kind; `retryable` says whether the same request may
 * succeed later without anybody changing anything.
 */
#define NF_STATUS_MAP(X)                                                                           \
    X(ARG, "argument", false)            /* a wrong argument or field, named in the text */        \
    X(CONFIG, "config", false)           /* a wrong setting, with file, line and column */         \
    X(PARSE, "parse", false)             /* text that is not what it should be */                  \
    X(NOT_FOUND, "not-found", false)     /* no such file, column, task, run … */                 \
    X(DENIED, "denied", false)           /* role, organization unit, licence or permission */      \
    X(SIGN_IN, "sign-in", false)         /* the connection's token is refused (401) */             \
    X(LIMIT, "limit", false)             /* a limit of ours: size, depth, count, budget */         \
    X(FULL, "full", true)                /* a bounded queue or disk has no room */                 \
    X(RATE, "rate", true)                /* 429: too many requests */                              \
    X(TIMEOUT, "timeout", true)          /* nothing came back in time */                           \
    X(UNREACHABLE, "unreachable", true)  /* no connection: nothing was sent */                     \
    X(UNKNOWN, "unknown-outcome", true)  /* sent, but whether it took effect is not known */       \
    X(SERVER, "server", true)            /* the other side failed (5xx) */                         \
    X(PROTOCOL, "protocol", false)       /* the other side broke the protocol */                   \
    X(UNSUPPORTED, "unsupported", false) /* not possible here, e.g. an effect in a dry run */      \
    X(CANCELLED, "cancelled", false)     /* by a person or a shutdown */                           \
    X(IO, "io", true)                    /* the operating system said no */                        \
    X(STORE, "store", true)              /* the database said no */

typedef enum nf_status_order {
    NF_ORDER_OK = 0,
#define X(name, kind, retryable) NF_ORDER_##name,
    NF_STATUS_MAP(X)
#undef X
        NF_STATUS_COUNT
} nf_status_order;

typedef enum nf_status {
    NF_OK = 0,
#define X(name, kind, retryable) NF_E_##name = -(int)NF_ORDER_##name,
    NF_STATUS_MAP(X)
#undef X
} nf_status;

enum { NF_ERROR_TEXT = 1024 };

/** One failure. Zero-initialise it; `status` stays NF_OK until somebody sets it. */
typedef struct nf_error {
    nf_status status;
    int http_status;          /* of the answer that caused it, or 0 */
    uint32_t retry_after_ms;  /* the other side's wish, or 0 */
    char hint[64];            /* e.g. "text.plain": the entry of the documents that helps, or "" */
    char text[NF_ERROR_TEXT]; /* one sentence, no line break at the end */
} nf_error;

/**
 * Fill `err` unless it already holds an error (the first error wins) or is NULL. Returns `status`, so that
 * `return nf_error_set(err, NF_E_ARG, "...")` is the whole error path. The text is cut at NF_ERROR_TEXT - 1 bytes.
 */
nf_status nf_error_set(nf_error *err, nf_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Put "context: " before the text of an error that is already set. Does nothing on NULL or NF_OK. */
void nf_error_prefix(nf_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** The word a script sees for a status, e.g. "not-found"; "ok" for NF_OK. Static. */
const char *nf_status_kind(nf_status status);

/** May the same request succeed later without anybody changing anything? */
bool nf_status_retryable(nf_status status);

#endif
