/* SPDX-License-Identifier: Apache-2.0 */
/* command.h: what one command is: its options as a table, from which the parser and --help come. */
#ifndef NF_CLI_COMMAND_H
#define NF_CLI_COMMAND_H

#include "cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    NF_EXIT_OK = 0,
    NF_EXIT_FLOW = 1,
    NF_EXIT_USAGE = 2,
    NF_EXIT_CONFIG = 3,
    NF_EXIT_CONNECTION = 4
};

/** One long option. */
typedef struct nf_option {
    const char *name;  /* without "--" */
    const char *value; /* name of its value for the help, or NULL: a switch */
    const char *doc;
    bool many; /* may be given more than once */
} nf_option;

enum { NF_MOST_OPTIONS = 32, NF_MOST_VALUES = 64 };

/** What the user gave. The strings are those of argv. */
typedef struct nf_given {
    const nf_option *options;
    const char *values[NF_MOST_OPTIONS][NF_MOST_VALUES];
    size_t counts[NF_MOST_OPTIONS];
    const char **args; /* what is no option, in order */
    size_t arg_count;
} nf_given;

typedef struct nf_command {
    const char *name;
    const char *usage;        /* behind the name, e.g. "[OPTION]... FLOW..." */
    const char *doc;          /* one sentence for the list of commands */
    const char *more;         /* more lines for its own --help, or NULL */
    const nf_option *options; /* ends with {0} */
    int (*run)(const nf_cli *cli, const nf_given *given);
} nf_command;

/** Was the option given? */
bool nf_given_has(const nf_given *given, const char *option);

/** Its (last) value, or `otherwise`. */
const char *nf_given_value(const nf_given *given, const char *option, const char *otherwise);

/** All its values. */
const char *const *nf_given_values(const nf_given *given, const char *option, size_t *count);

/** Print "nimflow COMMAND: text" and where to read on; returns NF_EXIT_USAGE. */
int nf_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The exit status for an error that ends a command; prints its text to standard error. */
int nf_exit_for(const nf_error *err);

extern const nf_command nf_command_serve, nf_command_sim, nf_command_dev, nf_command_check,
    nf_command_run, nf_command_test, nf_command_runs, nf_command_replay, nf_command_backtest,
    nf_command_limits, nf_command_connect, nf_command_why, nf_command_doctor, nf_command_privacy,
    nf_command_version;

#endif
