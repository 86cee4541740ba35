/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h: the worker's life after its start: read everything, give each ready run a slice, answer
 * in one write, sleep.
 */
#ifndef NF_WORKER_LOOP_H
#define NF_WORKER_LOOP_H

#include "image.h"
#include "port.h"

typedef struct nf_worker {
    nf_port port;
    nf_image *base;   /* libraries and surface, no flow */
    nf_image *images; /* one per loaded version; the last used first */
    uint64_t said;    /* when it last sent something or slept */
    bool trimmed;     /* idle slots gave their memory back since the last run */
} nf_worker;

/** Build the base image from the surface's description. Ends the process if the description is
 * wrong. */
void nf_worker_build(nf_worker *worker, const char *description, size_t len);

/** Serve until the broker closes the channel. */
void nf_worker_run(nf_worker *worker);

#endif
