/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h: the published addresses of the Nimbus API. Any other is taken too; these are for "did you mean". */
#ifndef NF_NIMBUS_CLUSTER_H
#define NF_NIMBUS_CLUSTER_H

/** The published address that `address` was probably meant to be, or NULL: it is one, or is like none. Static. */
const char *nf_cluster_meant(const char *address);

#endif
