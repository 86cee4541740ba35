/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory.h: who is who in a Nimbus tenant: organization units, users, services, address books, as directory.yaml
 * says.
 *
 * Immutable after reading; a changed file gives a new one. Every entity is in exactly one unit; the units are a tree
 * with one root, the tenant. UPNs and names are compared without case.
 */
#ifndef NF_OU_DIRECTORY_H
#define NF_OU_DIRECTORY_H

#include "base/strbuf.h"
#include "ou/operation.h"

typedef struct nf_directory nf_directory;

/** Longest UPN, name or id; deepest unit below the root. */
enum { NF_OU_NAME_MAX = 256, NF_OU_DEPTH_MAX = 32 };

/**
 * Read a file. All problems are added to `errors`, one line each ("FILE:LINE:COLUMN: text"); then NULL is returned.
 * Owned by the caller.
 */
nf_directory *nf_directory_read(const char *path, nf_strbuf *errors);

/** Free it. NULL is allowed. */
void nf_directory_free(nf_directory *directory);

/** Call `each` for every service, in the order of the file. */
void nf_directory_each_service(const nf_directory *directory,
                               void (*each)(void *ctx, const char *upn), void *ctx);

/** Is this service in the directory? */
bool nf_directory_has_service(const nf_directory *directory, const char *upn);

/** Is this user in the directory? */
bool nf_directory_has_user(const nf_directory *directory, const char *upn);

#endif
