/* layer: net */
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_http_echo.c: the HTTP server with the simplest handler, for tests from outside.
 *
 *   prog_http_echo ADDRESS [head_ms body_ms idle_ms max_connections]
 *
 * Prints "listening on PORT". Answers every request with 200 and
 * {"method","path","query","length","peer","host"}; /later answers after 100 ms, /big with 8 MiB,
 * /stop ends the program after its answer.
 */
#include "base/alloc.h"
#include "base/json.h"
#include "net/http_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    nf_loop loop;
    nf_http_server *server;
    nf_signal *term;
} program;

static void stop(void *ctx)
{
    (void)ctx;
    if (program.server)
        nf_http_server_close(program.server);
    program.server = NULL;
}

static void answer(nf_http_exchange *x)
{
    size_t len;
    nf_http_body(x, &len);
    const char *host = nf_http_header(x, "host");
    bool last = strcmp(nf_http_path(x), "/stop") == 0;
    nf_http_answer_json(x, 200,
                        json_pack("{ss ss ss sI ss ss*}", "method", nf_http_method(x), "path",
                                  nf_http_path(x), "query", nf_http_query(x), "length",
                                  (json_int_t)len, "peer", nf_http_peer(x), "host", host));
    if (last)
        stop(NULL);
}

typedef struct later {
    nf_http_exchange *x;
    nf_timer *timer;
} later;

static void on_later(void *ctx)
{
    later *l = ctx;
    answer(l->x);
    nf_timer_close(l->timer);
    free(l);
}

static void handle(nf_http_exchange *x, void *ctx)
{
    (void)ctx;
    if (strcmp(nf_http_path(x), "/later") == 0) {
        later *l = nf_alloc(sizeof *l);
        l->x = x;
        l->timer = nf_timer_new(&program.loop, on_later, l);
        nf_timer_start(l->timer, 100, 0);
    } else if (strcmp(nf_http_path(x), "/big") == 0) {
        size_t size = 8 << 20;
        char *bytes = nf_alloc(size);
        nf_http_answer(x, 200, "application/octet-stream", NULL, bytes, size);
        free(bytes);
    } else if (strcmp(nf_http_path(x), "/quick") == 0) {
        nf_http_answer(x, 202, NULL, NULL, NULL, 0);
    } else {
        answer(x);
    }
}

int main(int argc, char **argv)
{
    nf_error err = {0};
    nf_http_options options = {0};
    if (argc > 2)
        options.head_ms = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        options.body_ms = strtoull(argv[3], NULL, 10);
    if (argc > 4)
        options.idle_ms = strtoull(argv[4], NULL, 10);
    if (argc > 5)
        options.max_connections = (unsigned)strtoul(argv[5], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    nf_loop_open(&program.loop, &err);
    program.term = nf_signal_new(&program.loop, SIGTERM, stop, NULL);
    nf_status rc = nf_http_server_open(&program.loop, argc > 1 ? argv[1] : "127.0.0.1:0", &options,
                                       handle, NULL, &program.server, &err);
    if (rc == NF_OK) {
        printf("listening on %d\n", nf_http_server_port(program.server));
        fflush(stdout);
        nf_loop_run(&program.loop);
    } else {
        fprintf(stderr, "%s\n", err.text);
    }
    nf_signal_close(program.term);
    nf_loop_close(&program.loop);
    return rc == NF_OK ? 0 : 4;
}
