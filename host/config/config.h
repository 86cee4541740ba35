/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h: what the admin set: nimflow.yaml and tenants/NAME/tenant.yaml beside it.
 *
 * Immutable after loading; a reload makes a new one and swaps. The limits of the host are those of a tenant that sets
 * no own; both may be anything up to the ceilings of base/caps.h.
 */
#ifndef NF_CONFIG_CONFIG_H
#define NF_CONFIG_CONFIG_H

#include "base/caps.h"
#include "base/strbuf.h"

typedef struct nf_tenant_config {
    char *name, *dir;
    char *cluster;           /* address of the Nimbus API */
    char *token_file;        /* holds the bearer token of the connection "nimbus", or NULL */
    char *upn;               /* of its user, where the token does not say; or NULL */
    char *authority, *scope; /* of sign-ins with Entra ID */
    char *client_id, *client_secret_file, *directory_tenant; /* or NULL */
    char *country; /* default country of telephone numbers */
    nf_allowed limits;
    uint64_t failing_after; /* so many dead letters of a handler in a row raise an alarm */
    uint64_t keep_details_ms, keep_summaries_ms; /* of ended runs; 0: for ever */
    uint64_t request_ms;                         /* for one request to Nimbus */
    uint64_t retry_times, retry_backoff_ms, retry_longest_ms,
        retry_obeyed_ms; /* of requests that failed in passing */
    uint64_t breaker_failures,
        breaker_probe_ms; /* failures in a row after which only probes go out */
    uint64_t renew_ms;    /* the age at which a subscription is renewed */
    uint64_t silence_ms;  /* a service is silent after so long; 0: by what is usual for it */
    char *assistant_path; /* where nimbus.on_assistant registers; NULL: as the binding says */
} nf_tenant_config;

typedef struct nf_config {
    char *path;
    char *listen;
    char *public_url;     /* as Nimbus reaches us; NULL: http://LISTEN */
    char *metrics_listen; /* HOST:PORT of a listener for metrics; NULL: none */
    char *data;           /* folder of the database and the admin socket */
    char *key_file;       /* holds the key that sign-ins are encrypted with, or NULL */
    uint64_t drain_ms;    /* how long an end waits for runs under way */
    uint64_t log_level;
    bool log_json;
    nf_allowed limits; /* of a tenant that sets none of its own */
    nf_tenant_config *tenants;
    size_t tenant_count;
} nf_config;

/**
 * Read nimflow.yaml and every tenant beside it. All problems of all files are added to `errors`, one line each
 * ("FILE:LINE:COLUMN: text"); then NULL is returned. Owned by the caller.
 */
nf_config *nf_config_load(const char *path, nf_strbuf *errors);

/** A configuration with standard values and no tenant, for a host without files. Owned by the caller. */
nf_config *nf_config_new(void);

/** Add a tenant with standard values; `name` and `dir` are copied. Borrowed from the configuration until the next add.
 */
nf_tenant_config *nf_config_add_tenant(nf_config *config, const char *name, const char *dir);

/** Free it. NULL is allowed. */
void nf_config_free(nf_config *config);

/** Write the reference of all keys as Markdown. */
void nf_config_reference(nf_strbuf *out);

#endif
