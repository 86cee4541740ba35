/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists_load.c: see lists_load.h.
 *
 * A load is over when the process has ended and its output was read to the end. The first error
 * kills the process; its end is waited for all the same, so that no child is left. The struct is
 * freed when its three handles are closed.
 */
#include "act/lists_load.h"

#include "act/lists.h"
#include "base/alloc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { HANDLES = 3 };

struct nf_list_load {
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t deadline;
    nf_book *book;
    char *name;
    nf_list_loaded *done; /* NULL: nobody waits any more */
    void *ctx;
    nf_error err;
    bool exited, closed; /* the process has ended; its output has */
    int open;            /* handles not yet closed */
    char buffer[64 << 10];
};

static void on_closed(uv_handle_t *handle)
{
    nf_list_load *load = handle->data;
    if (--load->open > 0)
        return;
    nf_book_unref(load->book);
    free(load->name);
    free(load);
}

static void close_all(nf_list_load *load)
{
    uv_handle_t *handles[HANDLES] = {(uv_handle_t *)&load->process, (uv_handle_t *)&load->pipe,
                                     (uv_handle_t *)&load->deadline};
    for (int i = 0; i < HANDLES; i++)
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], on_closed);
}

/* Tell the end once both halves are there. */
static void end_if_over(nf_list_load *load)
{
    if (!load->exited || !load->closed)
        return;
    nf_book *book = load->book;
    nf_list_loaded *done = load->done;
    if (!load->err.status)
        nf_book_finish(book, &load->err);
    if (load->err.status && !strstr(load->err.text, load->name))
        nf_error_prefix(&load->err, "%s", load->name);
    if (done) {
        bool good = load->err.status == NF_OK;
        if (good)
            load->book = NULL;
        done(load->ctx, good ? book : NULL, good ? NULL : &load->err);
    }
    close_all(load);
}

static void kill_reader(nf_list_load *load)
{
    if (!load->exited)
        uv_process_kill(&load->process, SIGKILL);
}

static void on_deadline(uv_timer_t *timer)
{
    nf_list_load *load = timer->data;
    nf_error_set(&load->err, NF_E_TIMEOUT, "reading it took longer than %d s",
                 NF_LISTS_READ_MS / 1000);
    kill_reader(load);
}

static void on_process_end(uv_process_t *process, int64_t status, int signal)
{
    nf_list_load *load = process->data;
    load->exited = true;
    if (signal == SIGXCPU || signal == SIGKILL)
        nf_error_set(&load->err, NF_E_LIMIT, "the reader was stopped: reading it takes too long");
    else if (signal == SIGSYS)
        nf_error_set(&load->err, NF_E_PROTOCOL,
                     "the reader was stopped by its sandbox; the file may be hostile");
    else if (signal != 0)
        nf_error_set(&load->err, NF_E_PROTOCOL,
                     "the reader crashed (signal %d); the file may be hostile", signal);
    else if (status != 0)
        nf_error_set(&load->err, NF_E_PROTOCOL, "the reader failed with exit status %d",
                     (int)status);
    end_if_over(load);
}

static void on_allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
    nf_list_load *load = handle->data;
    (void)wanted;
    *buffer = uv_buf_init(load->buffer, sizeof load->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    nf_list_load *load = stream->data;
    if (n > 0 && !load->err.status) {
        if (nf_book_feed(load->book, buffer->base, (size_t)n, &load->err))
            kill_reader(load);
    } else if (n < 0) {
        uv_read_stop(stream);
        load->closed = true;
        end_if_over(load);
    }
}

static int spawn(nf_loop *loop, nf_list_load *load, const char *reader, const char *kind, int fd)
{
    char *environment[] = {"LANG=C", NULL};
    char *arguments[] = {"nimflow-reader", (char *)kind, load->name, NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_INHERIT_FD, .data.fd = fd},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&load->pipe},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
    };
    uv_process_options_t options = {
        .file = reader,
        .args = arguments,
        .env = environment,
        .stdio = stdio,
        .stdio_count = 3,
        .exit_cb = on_process_end,
        .flags = 0,
    };
    return uv_spawn(&loop->uv, &load->process, &options);
}

nf_list_load *nf_list_load_start(nf_loop *loop, const char *reader, int fd, const char *kind,
                                 const char *name, size_t memory, nf_list_loaded *done, void *ctx,
                                 nf_error *err)
{
    nf_list_load *load = nf_alloc(sizeof *load);
    load->book = nf_book_new(memory);
    load->name = nf_strdup(name);
    load->done = done;
    load->ctx = ctx;
    load->open = HANDLES;
    uv_pipe_init(&loop->uv, &load->pipe, 0);
    uv_timer_init(&loop->uv, &load->deadline);
    load->process.data = load->pipe.data = load->deadline.data = load;
    int rc = spawn(loop, load, reader, kind,
                   fd); /* it initialises the process handle also when it fails */
    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&load->pipe, on_allocate, on_read);
    if (rc != 0) {
        nf_uv_error(err, rc, "start nimflow-reader");
        nf_error_prefix(err, "%s", name);
        close_all(load);
        return NULL;
    }
    uv_timer_start(&load->deadline, on_deadline, NF_LISTS_READ_MS, 0);
    return load;
}

void nf_list_load_stop(nf_list_load *load)
{
    load->done = NULL;
    if (!load->exited) { /* closing the handle would leave a zombie */
        uv_process_kill(&load->process, SIGKILL);
        waitpid(load->process.pid, NULL, 0);
    }
    close_all(load);
}
