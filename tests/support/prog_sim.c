/* layer: sim */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_sim.c: the simulator alone, for its tests.
 *
 *   prog_sim [--listen HOST:PORT] [--token TOKEN]... [--speed N] [--token-ms N] [--retry-ms N]
 * [--max-tasks N] [--world FILE] [--seed N] [--remote]
 *
 * Prints "listening on http://HOST:PORT".
 */
#include "sim/sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nf_loop loop;

static void stop(void *ctx)
{
    (void)ctx;
    nf_loop_stop(&loop);
}

static void read_option(nf_sim_options *o, const char **tokens, const char *name, const char *value)
{
    if (strcmp(name, "--listen") == 0)
        o->listen = value;
    else if (strcmp(name, "--token") == 0)
        *tokens = value;
    else if (strcmp(name, "--speed") == 0)
        o->speed = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--token-ms") == 0)
        o->token_ms = strtoull(value, NULL, 10);
    else if (strcmp(name, "--retry-ms") == 0)
        o->retry_ms = strtoull(value, NULL, 10);
    else if (strcmp(name, "--world") == 0)
        o->world = value;
    else if (strcmp(name, "--seed") == 0)
        o->seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--max-tasks") == 0)
        o->max_tasks = (unsigned)strtoul(value, NULL, 10);
}

int main(int argc, char **argv)
{
    const char *tokens[8] = {NULL};
    int count = 0;
    nf_error err = {0};
    nf_sim_options options = {.listen = "127.0.0.1:0", .tokens = tokens};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--remote") == 0)
            options.allow_remote = true;
        else if (i + 1 < argc && count < 7) {
            read_option(&options, &tokens[count], argv[i], argv[i + 1]);
            count += tokens[count] != NULL;
            i++;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    nf_loop_open(&loop, &err);
    nf_signal *term = nf_signal_new(&loop, SIGTERM, stop, NULL);
    nf_signal *interrupt = nf_signal_new(&loop, SIGINT, stop, NULL);
    nf_sim *sim = NULL;
    nf_status rc = nf_sim_open(&loop, &options, &sim, &err);
    if (rc == NF_OK) {
        printf("listening on %s\n", nf_sim_url(sim));
        fflush(stdout);
        nf_loop_run(&loop);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    nf_sim_close(sim);
    nf_signal_close(term);
    nf_signal_close(interrupt);
    nf_loop_close(&loop);
    return rc == NF_OK ? 0 : 4;
}
