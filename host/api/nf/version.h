/* SPDX-License-Identifier: Apache-2.0 */
/* nf/version.h: the version of the binding interface. */
#ifndef NF_API_VERSION_H
#define NF_API_VERSION_H

/** Raised when a descriptor or a function of host/api/nf changes its meaning. Every descriptor names it. */
#define NF_BINDING_ABI 1

#endif
