/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h: a running host with its loop and its signals, for serve and dev. */
#ifndef NF_CLI_DAEMON_H
#define NF_CLI_DAEMON_H

#include "app.h"
#include "cli/command.h"

typedef struct nf_daemon {
    nf_loop loop;
    bool open;
    nf_app *app;
    nf_signal *term, *interrupt, *hangup;
    bool ending;
} nf_daemon;

/** Open the loop and the signals, without a host yet. */
nf_status nf_daemon_open_loop(nf_daemon *daemon, nf_error *err);

/** Open the loop if it is not open, and the host. */
nf_status nf_daemon_open(nf_daemon *daemon, const nf_cli *cli, const nf_config *config,
                         nf_error *err);

/** Run until SIGTERM or SIGINT, then finish what is under way (a second signal does not wait). */
void nf_daemon_run(nf_daemon *daemon);

/** Close everything that is open. */
void nf_daemon_close(nf_daemon *daemon);

#endif
