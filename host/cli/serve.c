/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c: nimflow serve: the host itself, until SIGTERM or SIGINT; SIGHUP looks at the flow files again. */
#include "app.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "log/log.h"
#include "tenant/rights.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int serve_config(const nf_cli *cli, const nf_config *config)
{
    nf_daemon daemon = {0};
    nf_error err = {0};
    if (nf_daemon_open(&daemon, cli, config, &err) != NF_OK) {
        nf_daemon_close(&daemon);
        return nf_exit_for(&err);
    }
    nf_daemon_run(&daemon);
    nf_daemon_close(&daemon);
    return NF_EXIT_OK;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    const char *path = nf_given_value(given, "config", "nimflow.yaml");
    if (given->arg_count > 0)
        return nf_usage_error("serve", "unexpected '%s'", given->args[0]);
    nf_strbuf errors = nf_strbuf_new(1 << 20);
    nf_config *config = nf_config_load(path, &errors);
    int status = NF_EXIT_CONFIG;
    for (size_t i = 0; config && i < config->tenant_count; i++)
        nf_rights_check(&config->tenants[i], &errors);
    if (errors.len) {
        fputs(nf_strbuf_text(&errors), stderr);
        if (!nf_given_has(given, "config") && access(path, F_OK) != 0)
            fputs(
                "Name the configuration with --config FILE, or try flows without one: nimflow dev\n",
                stderr);
    } else {
        nf_log_open((nf_log_level)config->log_level,
                    config->log_json || nf_given_has(given, "json"));
        status = nf_given_has(given, "check-config") ? NF_EXIT_OK : serve_config(cli, config);
    }
    nf_config_free(config);
    nf_strbuf_release(&errors);
    return status;
}

static const nf_option options[] = {
    {"config", "FILE", "the configuration; default: nimflow.yaml in the current folder", false},
    {"check-config", NULL, "only read the configuration and report all its errors", false},
    {"json", NULL, "log lines as JSON objects", false},
    {0},
};

const nf_command nf_command_serve = {
    "serve",
    "[--config FILE]",
    "Run the host: take notifications from Nimbus and run the tenants' flows.",
    "Signals: SIGTERM and SIGINT finish what is under way and end; SIGHUP looks at the flow files again.",
    options,
    run,
};
