/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the program: its bindings and its commands. */
#include "cli/cli.h"
#include "nf/table.h"

int main(int argc, char **argv)
{
    return nf_cli_main(argc, argv, nf_all_actions, nf_all_triggers);
}
