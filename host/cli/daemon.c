/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.c: see daemon.h. */
#include "cli/daemon.h"

#include "log/log.h"

#include <signal.h>
#include <sys/resource.h>

static void on_drained(void *ctx)
{
    nf_daemon *daemon = ctx;
    nf_loop_stop(&daemon->loop);
}

static void on_end(void *ctx)
{
    nf_daemon *daemon = ctx;
    if (daemon->ending || !daemon->app) {
        nf_loop_stop(&daemon->loop);
        return;
    }
    daemon->ending = true;
    nf_app_drain(daemon->app, on_drained, daemon);
}

static void on_hangup(void *ctx)
{
    nf_daemon *daemon = ctx;
    nf_log_info("host", "looking at the flow files again");
    if (daemon->app)
        nf_app_rescan(daemon->app);
}

nf_status nf_daemon_open_loop(nf_daemon *daemon, nf_error *err)
{
    nf_status status = daemon->open ? NF_OK : nf_loop_open(&daemon->loop, err);
    if (status != NF_OK || daemon->open)
        return status;
    daemon->open = true;
    daemon->term = nf_signal_new(&daemon->loop, SIGTERM, on_end, daemon);
    daemon->interrupt = nf_signal_new(&daemon->loop, SIGINT, on_end, daemon);
    daemon->hangup = nf_signal_new(&daemon->loop, SIGHUP, on_hangup, daemon);
    return NF_OK;
}

/* A core dump of the broker would hold tokens. The workers hold none, and their limits are their own. */
static void forbid_core_dumps(void)
{
    struct rlimit none = {0};
    if (getrlimit(RLIMIT_CORE, &none) == 0) {
        none.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &none);
    }
}

nf_status nf_daemon_open(nf_daemon *daemon, const nf_cli *cli, const nf_config *config,
                         nf_error *err)
{
    nf_status status = nf_daemon_open_loop(daemon, err);
    if (status != NF_OK)
        return status;
    forbid_core_dumps();
    nf_app_options options = {
        .config = config,
        .worker_program = cli->worker_program,
        .reader_program = cli->reader_program,
        .actions = cli->actions,
        .triggers = cli->triggers,
    };
    return nf_app_open(&daemon->loop, &options, &daemon->app, err);
}

void nf_daemon_run(nf_daemon *daemon)
{
    nf_loop_run(&daemon->loop);
}

void nf_daemon_close(nf_daemon *daemon)
{
    if (!daemon->open)
        return;
    nf_app_close(daemon->app);
    nf_signal_close(daemon->term);
    nf_signal_close(daemon->interrupt);
    nf_signal_close(daemon->hangup);
    nf_loop_close(&daemon->loop);
    daemon->open = false;
}
