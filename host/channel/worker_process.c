/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_process.c: see worker_process.h.
 *
 * A worker has three uv handles: the process, the channel and the hook that flushes. It is freed when process and
 * channel are both closed; `gone` is called exactly once, when the process was reaped.
 */
#include "channel/worker_process.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/macros.h"
#include "base/strbuf.h"
#include "log/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_CHUNK = 256 << 10, OUT_LIMIT = 64 << 20 };

struct nf_worker {
    nf_loop *loop;
    uv_process_t process;
    uv_pipe_t channel;
    nf_end_hook hook;
    const nf_worker_events *events;
    void *ctx, *data;
    nf_strbuf in, out;
    nf_worker_page *page;
    char *chunk; /* where libuv reads to */
    bool writing, closing, exited, filtered;
    int open_handles;
    char reason[160];
};

static void free_when_closed(uv_handle_t *handle)
{
    nf_worker *w = handle->data;
    if (--w->open_handles > 0)
        return;
    nf_strbuf_release(&w->in);
    nf_strbuf_release(&w->out);
    if (w->page)
        munmap(w->page, sizeof *w->page);
    free(w->chunk);
    free(w);
}

static void close_channel(nf_worker *w)
{
    if (w->closing)
        return;
    w->closing = true;
    nf_loop_forget(w->loop, &w->hook);
    uv_close((uv_handle_t *)&w->channel, free_when_closed);
}

void nf_worker_kill(nf_worker *w, const char *reason)
{
    if (!w->reason[0])
        snprintf(w->reason, sizeof w->reason, "%s", reason);
    if (!w->exited)
        uv_process_kill(&w->process, SIGKILL);
    close_channel(w);
}

void nf_worker_dismiss(nf_worker *w)
{
    if (!w->reason[0])
        snprintf(w->reason, sizeof w->reason, "dismissed");
    close_channel(w);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    nf_worker *w = process->data;
    w->exited = true;
    nf_fault_point("worker.gone");
    if (!w->reason[0])
        snprintf(w->reason, sizeof w->reason,
                 signal ? "ended by signal %d" : "ended with status %d",
                 signal ? signal : (int)status);
    close_channel(w);
    w->events->gone(w->ctx, w, __atomic_load_n(&w->page->running, __ATOMIC_RELAXED), w->reason);
    uv_close((uv_handle_t *)process, free_when_closed);
}

/* ---- out ---- */

static void flush(void *ctx);

struct late_write {
    uv_write_t request;
    nf_worker *worker;
    char *bytes;
};

static void on_written(uv_write_t *request, int status)
{
    struct late_write *late = request->data;
    nf_worker *w = late->worker;
    free(late->bytes);
    free(late);
    w->writing = false;
    if (status == 0)
        flush(w);
}

static void write_rest(nf_worker *w)
{
    struct late_write *late = nf_alloc(sizeof *late);
    uv_buf_t buf = {.len = w->out.len};
    late->worker = w;
    late->bytes = buf.base = nf_strbuf_take(&w->out);
    late->request.data = late;
    w->writing = true;
    uv_write(&late->request, (uv_stream_t *)&w->channel, &buf, 1, on_written);
}

static void flush(void *ctx)
{
    nf_worker *w = ctx;
    if (w->out.len == 0 || w->writing || w->closing)
        return;
    uv_buf_t buf = {.base = w->out.bytes, .len = w->out.len};
    nf_fault_point("worker.write.before");
    int n = uv_try_write((uv_stream_t *)&w->channel, &buf, 1);
    nf_fault_point("worker.write.after");
    if (n > 0)
        nf_strbuf_shift(&w->out, (size_t)n);
    else if (n < 0 && n != UV_EAGAIN)
        return; /* it is dying; its exit is reported by on_process_exit */
    if (w->out.len > 0)
        write_rest(w);
}

void nf_worker_send(nf_worker *w, nf_msg type, uint16_t aux, uint64_t id, const void *head,
                    size_t head_len, const void *body, size_t body_len)
{
    if (w->closing)
        return;
    nf_fault_point("worker.frame.queued");
    nf_frame frame = {
        .size = (uint32_t)(head_len + body_len), .type = (uint16_t)type, .aux = aux, .id = id};
    nf_strbuf_add(&w->out, &frame, sizeof frame);
    if (head_len)
        nf_strbuf_add(&w->out, head, head_len);
    if (body_len)
        nf_strbuf_add(&w->out, body, body_len);
    if (w->out.overflow)
        nf_worker_kill(w, "does not read its messages");
}

/* ---- in ---- */

static void handle_frames(nf_worker *w)
{
    size_t at = 0;
    while (!w->closing && w->in.len - at >= sizeof(nf_frame)) {
        nf_frame frame;
        memcpy(&frame, w->in.bytes + at, sizeof frame);
        if (frame.size > NF_FRAME_MAX) {
            nf_worker_kill(w, "broke the protocol: frame too large");
            return;
        }
        if (w->in.len - at - sizeof frame < frame.size)
            break;
        const char *payload = w->in.bytes + at + sizeof frame;
        at += sizeof frame + frame.size;
        if (frame.type == NF_MSG_READY) {
            nf_log_debug("worker", "worker %d is locked down: %s, Landlock version %u",
                         w->process.pid, w->filtered ? "seccomp" : "no seccomp", frame.aux);
            nf_fault_point("worker.ready");
            w->events->ready(w->ctx, w);
        } else {
            nf_fault_point("worker.frame.before");
            w->events->frame(w->ctx, w, &frame, payload);
            nf_fault_point("worker.frame.after");
        }
    }
    if (!w->closing)
        nf_strbuf_shift(&w->in, at);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    nf_worker *w = handle->data;
    (void)suggested;
    *buf = uv_buf_init(w->chunk, READ_CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    nf_worker *w = stream->data;
    if (n
        < 0) { /* it closed its end: its exit comes next, with the reason; one that hangs there is helped along */
        uv_process_kill(&w->process, SIGKILL);
        close_channel(w);
        return;
    }
    if (!nf_strbuf_add(&w->in, buf->base, (size_t)n))
        nf_worker_kill(w, "broke the protocol: too much data");
    else
        handle_frames(w);
}

/* ---- start ---- */

static nf_worker_page *shared_page(int *fd)
{
    *fd = memfd_create("nimflow-page", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, sizeof(nf_worker_page)) != 0)
        return NULL;
    void *page = mmap(NULL, sizeof(nf_worker_page), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

static int spawn(nf_worker *w, const nf_worker_options *options, int channel_fd, int page_fd)
{
    char *args[] = {(char *)options->program, NULL};
    char *env[] = {NULL, NULL};
    const char *sanitizer =
        getenv("ASAN_OPTIONS"); /* only tests set it; without it a sanitized worker would not run */
    char *kept = sanitizer ? nf_format("ASAN_OPTIONS=%s", sanitizer) : NULL;
    env[0] = kept;
    uv_stdio_container_t stdio[NF_WORKER_PAGE_FD + 1] = {
        [0] = {.flags = UV_IGNORE},
        [1] = {.flags = UV_IGNORE},
        [2] = {.flags = UV_INHERIT_FD, .data.fd = 2},
        [NF_WORKER_FD] = {.flags = UV_INHERIT_FD, .data.fd = channel_fd},
        [NF_WORKER_PAGE_FD] = {.flags = UV_INHERIT_FD, .data.fd = page_fd},
    };
    uv_process_options_t spec = {
        .file = options->program,
        .args = args,
        .env = env,
        .cwd = "/",
        .stdio = stdio,
        .stdio_count = NF_COUNT(stdio),
        .exit_cb = on_process_exit,
    };
    int rc = uv_spawn(&w->loop->uv, &w->process, &spec);
    free(kept);
    return rc;
}

static nf_status start_process(nf_worker *w, const nf_worker_options *options, nf_error *err)
{
    int fds[2] = {-1, -1}, page_fd = -1;
    nf_status status = NF_OK;
    w->page = shared_page(&page_fd);
    if (!w->page || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        status = nf_error_set(err, NF_E_IO, "start %s: %s", options->program, strerror(errno));
    } else {
        uv_pipe_open(&w->channel, fds[0]);
        int rc = spawn(w, options, fds[1], page_fd);
        if (rc != 0)
            status =
                nf_error_set(err, NF_E_CONFIG, "start %s: %s", options->program, uv_strerror(rc));
    }
    if (fds[1] >= 0)
        close(fds[1]);
    if (page_fd >= 0)
        close(page_fd);
    return status;
}

nf_status nf_worker_start(nf_loop *loop, const nf_worker_options *options,
                          const nf_worker_events *events, void *ctx, nf_worker **out, nf_error *err)
{
    nf_worker *w = nf_alloc(sizeof *w);
    w->loop = loop;
    w->events = events;
    w->ctx = ctx;
    w->filtered = options->filter_len > 0;
    w->in = nf_strbuf_new(NF_FRAME_MAX + READ_CHUNK + sizeof(nf_frame));
    w->out = nf_strbuf_new(OUT_LIMIT);
    w->chunk = nf_alloc(READ_CHUNK);
    w->hook = (nf_end_hook){.run = flush, .ctx = w};
    nf_loop_before_sleep(loop, &w->hook);
    uv_pipe_init(&loop->uv, &w->channel, 0);
    w->process.data = w->channel.data = w;
    w->open_handles = 2;
    nf_status status = start_process(w, options, err);
    if (status != NF_OK) {
        w->exited = true;
        close_channel(w);
        /* uv_spawn initialises the handle also when it fails; when it was not reached it must not be closed */
        if (w->process.type == UV_PROCESS)
            uv_close((uv_handle_t *)&w->process, free_when_closed);
        else
            w->open_handles--;
        return status;
    }
    uv_read_start((uv_stream_t *)&w->channel, on_alloc, on_read);
    nf_worker_send(w, NF_MSG_SETUP, 0, 0, NULL, 0, options->surface, strlen(options->surface));
    nf_worker_send(w, NF_MSG_LOCKDOWN, 0, 0, NULL, 0, options->filter, options->filter_len);
    *out = w;
    return NF_OK;
}

void nf_worker_set_owner(nf_worker *w, const nf_worker_events *events, void *ctx)
{
    w->events = events;
    w->ctx = ctx;
}

int nf_worker_pid(const nf_worker *w)
{
    return w->process.pid;
}

uint64_t nf_worker_cpu_ns(const nf_worker *w)
{
    clockid_t clock;
    struct timespec used;
    if (w->exited || clock_getcpuclockid(w->process.pid, &clock) != 0
        || clock_gettime(clock, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

void *nf_worker_data(const nf_worker *w)
{
    return w->data;
}

void nf_worker_set_data(nf_worker *w, void *data)
{
    w->data = data;
}
