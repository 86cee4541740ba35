/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_link.c: see http_link.h.
 *
 * While it connects, the socket belongs to curl's multi interface; afterwards we poll it ourselves. The easy handle
 * stays in the multi handle as long as the link lives, since that holds the connection.
 */
#include "net/http_link.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/macros.h"
#include "net/http_client_error.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 10000, MOST_CONNECTIONS = 4096 };

struct nf_http_links {
    nf_loop *loop;
    CURLM *multi;
    nf_timer *timer;
};

/* One socket of curl's on the loop. */
struct watch {
    uv_poll_t poll;
    nf_http_links *links;
    curl_socket_t fd;
};

struct nf_http_link {
    nf_http_links *links;
    CURL *easy;
    char *name; /* of the server, for errors */
    bool open, want_write;
    uv_poll_t *poll; /* ours, once connected; freed in its close callback */
    char curl_text[CURL_ERROR_SIZE];
    const nf_http_link_events *events;
    void *ctx;
};

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

/* ---- an open link ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void free_poll(uv_handle_t *handle)
{
    free(handle);
}

static void set_poll(nf_http_link *link)
{
    uv_poll_start(link->poll, UV_READABLE | (link->want_write ? UV_WRITABLE : 0), on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    nf_http_link *link = poll->data;
    bool writable = status == 0 && (events & UV_WRITABLE) != 0;
    link->events->ready(link->ctx, writable); /* an error shows when it is read */
}

void nf_http_link_want_write(nf_http_link *link, bool want)
{
    if (link->want_write == want)
        return;
    link->want_write = want;
    set_poll(link);
}

nf_http_io nf_http_link_send(nf_http_link *link, const char *bytes, size_t len, size_t *sent)
{
    *sent = 0;
    while (*sent < len) {
        size_t n = 0;
        nf_fault_point("link.send.before");
        CURLcode rc = curl_easy_send(link->easy, bytes + *sent, len - *sent, &n);
        nf_fault_point("link.send.after");
        *sent += n;
        if (rc == CURLE_AGAIN)
            return NF_HTTP_IO_AGAIN;
        if (rc != CURLE_OK)
            return NF_HTTP_IO_CLOSED;
    }
    return NF_HTTP_IO_DONE;
}

nf_http_io nf_http_link_read(nf_http_link *link, char *bytes, size_t size, size_t *n)
{
    *n = 0;
    nf_fault_point("link.read.before");
    CURLcode rc = curl_easy_recv(link->easy, bytes, size, n);
    nf_fault_point("link.read.after");
    if (rc == CURLE_AGAIN)
        return NF_HTTP_IO_AGAIN;
    return rc == CURLE_OK && *n > 0 ? NF_HTTP_IO_DONE : NF_HTTP_IO_CLOSED;
}

void nf_http_link_close(nf_http_link *link)
{
    if (link->poll)
        uv_close((uv_handle_t *)link->poll, free_poll); /* before the socket goes */
    curl_multi_remove_handle(link->links->multi, link->easy);
    curl_easy_cleanup(link->easy);
    free(link->name);
    free(link);
}

/* ---- connecting ---- */

static void on_connected(nf_http_link *link, CURLcode code)
{
    nf_error err = {0};
    curl_socket_t fd = CURL_SOCKET_BAD;
    const nf_http_link_events *events = link->events;
    void *ctx = link->ctx;
    if (code == CURLE_OK)
        code = curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (code == CURLE_OK && fd == CURL_SOCKET_BAD)
        code = CURLE_COULDNT_CONNECT;
    if (code != CURLE_OK) {
        nf_http_client_error(&err, code, link->curl_text, link->name, false, false);
        nf_http_link_close(link);
        events->opened(ctx, &err);
        return;
    }
    link->open = true;
    nf_fault_point("link.opened");
    link->poll = nf_alloc(sizeof *link->poll);
    link->poll->data = link;
    uv_poll_init_socket(&link->links->loop->uv, link->poll, fd);
    set_poll(link);
    events->opened(ctx, NULL);
}

static void collect(nf_http_links *links)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(links->multi, &left))) {
        nf_http_link *link = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &link);
        if (!link->open)
            on_connected(link, code);
    }
}

static void act(nf_http_links *links, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(links->multi, fd, events, &running);
    collect(links);
}

static void on_timeout(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    nf_http_links *links = ctx;
    (void)multi;
    if (ms >= 0)
        nf_timer_start(links->timer, (uint64_t)ms, 0);
    else
        nf_timer_stop(links->timer);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(w->links, w->fd, flags);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    nf_http_links *links = ctx;
    struct watch *w = socket_ctx;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            curl_multi_assign(links->multi, fd, NULL);
            uv_close((uv_handle_t *)&w->poll, free_handle);
        }
        return 0;
    }
    if (!w) {
        w = nf_alloc(sizeof *w);
        w->links = links;
        w->fd = fd;
        uv_poll_init_socket(&links->loop->uv, &w->poll, fd);
        w->poll.data = w;
        curl_multi_assign(links->multi, fd, w);
    }
    int events = what == CURL_POLL_IN    ? UV_READABLE
                 : what == CURL_POLL_OUT ? UV_WRITABLE
                                         : UV_READABLE | UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_ready);
    return 0;
}

nf_http_link *nf_http_link_open(nf_http_links *links, const char *url, const char *unix_socket,
                                const nf_http_link_events *events, void *ctx)
{
    nf_http_link *link = nf_alloc(sizeof *link);
    CURL *easy = curl_easy_init();
    if (!easy)
        nf_bug("curl_easy_init failed");
    link->links = links;
    link->easy = easy;
    link->name = unix_socket ? nf_strdup(unix_socket) : nf_strdup(url);
    link->events = events;
    link->ctx = ctx;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, unix_socket);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, link);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL,
                     1L); /* so that we always speak to the server itself */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, link->curl_text);
    CURLMcode rc = curl_multi_add_handle(links->multi, easy);
    if (rc != CURLM_OK)
        nf_bug("curl_multi_add_handle: %s", curl_multi_strerror(rc));
    return link;
}

nf_status nf_http_links_open(nf_loop *loop, nf_http_links **out, nf_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return nf_error_set(err, NF_E_IO, "libcurl could not be started");
    nf_http_links *links = nf_alloc(sizeof *links);
    links->loop = loop;
    links->multi = curl_multi_init();
    if (!links->multi)
        nf_bug("curl_multi_init failed");
    links->timer = nf_timer_new(loop, on_timeout, links);
    curl_multi_setopt(links->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(links->multi, CURLMOPT_SOCKETDATA, links);
    curl_multi_setopt(links->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(links->multi, CURLMOPT_TIMERDATA, links);
    curl_multi_setopt(links->multi, CURLMOPT_MAXCONNECTS, (long)MOST_CONNECTIONS);
    *out = links;
    return NF_OK;
}

void nf_http_links_close(nf_http_links *links)
{
    curl_multi_cleanup(links->multi);
    nf_timer_close(links->timer);
    free(links);
    curl_global_cleanup();
}
