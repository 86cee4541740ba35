/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.h: who may what in a tenant: its directory.yaml, kept in step with the file, and what was denied.
 *
 * Without the file Nimbus alone decides. Once there is one it stays in force, also when the file becomes wrong or goes:
 * then the last good one decides and the error is shown. A change holds for the next event and the next effect, also of
 * runs under way.
 */
#ifndef NF_TENANT_RIGHTS_H
#define NF_TENANT_RIGHTS_H

#include "config/config.h"
#include "ou/ou.h"
#include "tenant/event.h"
#include "tenant/fates.h"

struct nf_tenant;
typedef struct nf_rights nf_rights;

/**
 * Read a tenant's directory.yaml if it has one, and watch for it. NF_E_CONFIG when it is wrong. What is denied goes to
 * `fates`, borrowed.
 */
nf_status nf_rights_open(nf_loop *loop, const nf_tenant_config *config, nf_fates *fates,
                         nf_rights **rights, nf_error *err);

/** Watch no longer, and free. NULL is allowed. */
void nf_rights_close(nf_rights *rights);

/** What decides now. Borrowed for the life of the rights; what is in it changes with the file. */
const nf_ou *nf_rights_ou(const nf_rights *rights);

/** Remember of which service the event's task is. */
void nf_rights_see(nf_rights *rights, const nf_event *event);

/** May this user's handler have the event? If not, that is kept with the reason, under the event's id. */
bool nf_rights_permit(nf_rights *rights, const char *upn, const char *handler,
                      const nf_event *event);

/**
 * {directory, error, denied, warnings}: the file in force or null; where the directory and what Nimbus lists for the
 * connections differ. A new reference.
 */
json_t *nf_rights_status(const nf_rights *rights, const struct nf_tenant *tenant);

/**
 * Check a tenant's directory.yaml as it would be at the start. All errors are added to `errors`, one line each; without
 * the file there are none.
 */
void nf_rights_check(const nf_tenant_config *config, nf_strbuf *errors);

#endif
