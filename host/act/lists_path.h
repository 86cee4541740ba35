/* SPDX-License-Identifier: Apache-2.0 */
/* lists_path.h: files of a tenant's list folder, and nothing outside of it. */
#ifndef NF_ACT_LISTS_PATH_H
#define NF_ACT_LISTS_PATH_H

#include "nf/error.h"

#include <stdbool.h>
#include <sys/stat.h>

/** What makes one version of a file: another inode, time or size is another version. */
typedef struct nf_file_version {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
} nf_file_version;

/** Are they the same version? */
bool nf_file_version_equal(const nf_file_version *a, const nf_file_version *b);

/** "xlsx" or "csv" by the name's ending, or NULL with `err` set. Static. */
const char *nf_list_kind(const char *name, nf_error *err);

/**
 * Open a regular file of the folder for reading and tell its version. No "..", no absolute name, no
 * symbolic link that leads out of the folder. When it is missing, the error says what there is.
 * Returns the descriptor, which the caller closes, or -1.
 */
int nf_list_open(const char *dir, const char *name, nf_file_version *version, nf_error *err);

#endif
