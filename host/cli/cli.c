/* SPDX-License-Identifier: Apache-2.0 */
/* cli.c: finds the command, reads its options, prints help. */
#include "cli/cli.h"

#include "base/alloc.h"
#include "base/suggest.h"
#include "cli/command.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const nf_command *const commands[] = {
    &nf_command_serve,    &nf_command_dev,     &nf_command_sim,     &nf_command_check,
    &nf_command_run,      &nf_command_test,    &nf_command_runs,    &nf_command_replay,
    &nf_command_backtest, &nf_command_limits,  &nf_command_connect, &nf_command_why,
    &nf_command_doctor,   &nf_command_privacy, &nf_command_version, NULL,
};

/* ---- options ---- */

static int find_option(const nf_option *options, const char *name, size_t len)
{
    for (int i = 0; options[i].name; i++) {
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

static int index_of(const nf_given *given, const char *option)
{
    return find_option(given->options, option, strlen(option));
}

bool nf_given_has(const nf_given *given, const char *option)
{
    int i = index_of(given, option);
    return i >= 0 && given->counts[i] > 0;
}

const char *nf_given_value(const nf_given *given, const char *option, const char *otherwise)
{
    int i = index_of(given, option);
    return i >= 0 && given->counts[i] > 0 ? given->values[i][given->counts[i] - 1] : otherwise;
}

const char *const *nf_given_values(const nf_given *given, const char *option, size_t *count)
{
    int i = index_of(given, option);
    *count = i >= 0 ? given->counts[i] : 0;
    return i >= 0 ? given->values[i] : NULL;
}

int nf_usage_error(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "nimflow %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'nimflow %s%s--help'.\n", command, *command ? " " : "");
    return NF_EXIT_USAGE;
}

int nf_exit_for(const nf_error *err)
{
    fprintf(stderr, "nimflow: %s\n", err->text);
    switch (err->status) {
    case NF_E_UNREACHABLE:
    case NF_E_TIMEOUT:
    case NF_E_SIGN_IN:
    case NF_E_DENIED:
    case NF_E_SERVER:
        return NF_EXIT_CONNECTION;
    default:
        return NF_EXIT_CONFIG;
    }
}

static int unknown_option(const nf_command *command, const char *name)
{
    const char *names[NF_MOST_OPTIONS + 2];
    size_t n = 0;
    nf_error err = {0};
    for (const nf_option *o = command->options; o->name; o++)
        names[n++] = o->name;
    names[n++] = "help";
    names[n] = NULL;
    nf_suggest_error(&err, NF_E_ARG, "option", name, names);
    return nf_usage_error(command->name, "%s", err.text);
}

/* One "--name", "--name=value" or "--name value"; moves `*i`. */
static int take_option(const nf_command *command, nf_given *given, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    int at = find_option(command->options, name, len);
    if (at < 0)
        return unknown_option(command, name);
    const nf_option *option = &command->options[at];
    const char *value = equals ? equals + 1 : NULL;
    if (option->value && !value && *i + 1 < argc)
        value = argv[++*i];
    if (option->value && !value)
        return nf_usage_error(command->name, "--%s needs a value: --%s %s", option->name,
                              option->name, option->value);
    if (!option->value && value)
        return nf_usage_error(command->name, "--%s takes no value", option->name);
    if (given->counts[at] >= (option->many ? NF_MOST_VALUES : 1))
        return nf_usage_error(command->name, "--%s is given too often", option->name);
    given->values[at][given->counts[at]++] = value ? value : "";
    return NF_EXIT_OK;
}

static void print_help(const nf_command *command)
{
    printf("Usage: nimflow %s %s\n\n%s\n", command->name, command->usage, command->doc);
    if (command->more)
        printf("\n%s\n", command->more);
    if (command->options->name)
        printf("\nOptions:\n");
    for (const nf_option *o = command->options; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        printf("  %-24s %s%s\n", left, o->doc, o->many ? " (may be repeated)" : "");
    }
    printf("  %-24s %s\n", "--help", "this text");
}

static int run_command(const nf_cli *cli, const nf_command *command, int argc, char **argv)
{
    nf_given *given = nf_alloc(sizeof *given);
    int status = NF_EXIT_OK;
    bool only_args = false, help = false;
    given->options = command->options;
    given->args = nf_alloc(((size_t)argc + 1) * sizeof *given->args);
    for (int i = 0; i < argc && status == NF_EXIT_OK; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0)
            only_args = true;
        else if (!only_args && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
            help = true;
        else if (!only_args && strncmp(argv[i], "--", 2) == 0)
            status = take_option(command, given, argc, argv, &i);
        else
            given->args[given->arg_count++] = argv[i];
    }
    if (help)
        print_help(command);
    else if (status == NF_EXIT_OK)
        status = command->run(cli, given);
    free(given->args);
    free(given);
    return help ? NF_EXIT_OK : status;
}

/* ---- the list of commands ---- */

static void print_commands(FILE *out)
{
    fprintf(
        out,
        "nimflow: Lua-scriptable automation for Luware Nimbus\n\nUsage: nimflow COMMAND [OPTION]...\n\n"
        "Commands:\n");
    for (const nf_command *const *c = commands; *c; c++)
        fprintf(out, "  %-9s %s\n", (*c)->name, (*c)->doc);
    fprintf(
        out,
        "\n'nimflow COMMAND --help' tells more. Exit status: 0 ok, 1 a flow failed, 2 usage, 3 configuration,\n"
        "4 connection.\n");
}

static int unknown_command(const char *name)
{
    const char *names[32];
    size_t n = 0;
    nf_error err = {0};
    for (const nf_command *const *c = commands; *c; c++)
        names[n++] = (*c)->name;
    names[n] = NULL;
    nf_suggest_error(&err, NF_E_ARG, "command", name, names);
    fprintf(stderr, "nimflow: %s\n", err.text);
    return NF_EXIT_USAGE;
}

/* The path of a program that is installed beside this one. */
static char *beside_us(const char *name)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return nf_strdup(name);
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    return nf_format("%s/%s", self, name);
}

int nf_cli_main(int argc, char **argv, const nf_action *const *actions,
                const nf_trigger *const *triggers)
{
    signal(SIGPIPE, SIG_IGN);
    signal(
        SIGXFSZ,
        SIG_IGN); /* a file at its size limit is an error of the write, not the end of the host */
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
        || strcmp(argv[1], "help") == 0) {
        print_commands(argc < 2 ? stderr : stdout);
        return argc < 2 ? NF_EXIT_USAGE : NF_EXIT_OK;
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    nf_cli cli = {actions, triggers, beside_us("nimflow-worker"), beside_us("nimflow-reader")};
    int status = -1;
    for (const nf_command *const *c = commands; *c && status < 0; c++) {
        if (strcmp((*c)->name, name) == 0)
            status = run_command(&cli, *c, argc - 2, argv + 2);
    }
    free(cli.worker_program);
    free(cli.reader_program);
    return status < 0 ? unknown_command(name) : status;
}
