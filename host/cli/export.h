/* SPDX-License-Identifier: Apache-2.0 */
/* export.h: a recorded run as a case for `nimflow test`. */
#ifndef NF_CLI_EXPORT_H
#define NF_CLI_EXPORT_H

#include "cli/recorded.h"

/** Print a file of tests with this run as its case. The exit status; what is wrong is printed. */
int nf_export_run(const nf_cli *cli, const nf_given *given, const char *id);

#endif
