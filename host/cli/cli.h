/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the commands of `nimflow`. Exit status: 0 ok, 1 a flow failed, 2 usage, 3 configuration, 4 connection. */
#ifndef NF_CLI_CLI_H
#define NF_CLI_CLI_H

#include "nf/table.h"

/** What the commands need of the program: the bindings, and the programs beside it. */
typedef struct nf_cli {
    const nf_action *const *actions;
    const nf_trigger *const *triggers;
    char *worker_program, *reader_program;
} nf_cli;

/** Run the command that the arguments name; the exit status. */
int nf_cli_main(int argc, char **argv, const nf_action *const *actions,
                const nf_trigger *const *triggers);

#endif
