/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.c: see http_client.h.
 *
 * A request is in exactly one place: waiting in its host's line, running in the multi handle, or free with its curl
 * handle kept for the next one. Invariant: host->running <= max_per_host, and the line is empty while it is less.
 */
#include "net/http_client.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "net/http_client_error.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum { MOST_FREE = 64, HEADERS_KEY = 9000, DEFAULT_TIMEOUT_MS = 30000, DEFAULT_BODY = 1 << 20 };

struct host {
    char *key; /* scheme, name and port */
    unsigned running;
    nf_http_request *line; /* waiting, in order */
    UT_hash_handle hh;
};

struct nf_http_request {
    nf_http_client *client;
    CURL *easy;
    struct host *host; /* NULL while free */
    bool started;
    bool write;
    char *method, *body;
    struct curl_slist *headers;
    char *headers_key; /* what `headers` was made from */
    nf_strbuf answer;
    char *location;
    uint32_t retry_after_ms;
    char curl_text[CURL_ERROR_SIZE];
    void (*done)(void *ctx, const nf_http_result *result);
    void *ctx;
    nf_http_request *prev, *next;
};

/* One socket of curl's on the loop. */
struct watch {
    uv_poll_t poll;
    nf_http_client *client;
    curl_socket_t fd;
};

struct nf_http_client {
    nf_loop *loop;
    CURLM *multi;
    nf_timer *timer;
    nf_end_hook hook;
    bool kick; /* curl asked to be called as soon as possible */
    unsigned max_per_host;
    struct host *hosts;
    nf_http_request *running, *free_list;
    unsigned free_count;
};

/* ---- answers ---- */

static size_t on_body(char *bytes, size_t one, size_t len, void *ctx)
{
    nf_http_request *r = ctx;
    (void)one;
    return nf_strbuf_add(&r->answer, bytes, len) ? len : 0;
}

static bool header_is(const char *line, size_t len, const char *name, const char **value, size_t *value_len)
{
    size_t n = strlen(name);
    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return false;
    const char *from = line + n + 1, *to = line + len;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == '\r' || to[-1] == '\n' || to[-1] == ' '))
        to--;
    *value = from;
    *value_len = (size_t)(to - from);
    return true;
}

/* Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
static uint32_t parse_retry_after(const char *value, size_t len)
{
    enum { ONE_DAY = 86400 };
    char text[64];
    if (len == 0 || len >= sizeof text)
        return 0;
    memcpy(text, value, len);
    text[len] = '\0';
    char *end;
    long long seconds = strtoll(text, &end, 10);
    if (*end) {
        time_t when = curl_getdate(text, NULL);
        if (when < 0)
            return 0;
        seconds = when - time(NULL);
    }
    seconds = NF_MIN(NF_MAX(seconds, 0), ONE_DAY);
    return (uint32_t)seconds * 1000;
}

static size_t on_header(char *line, size_t one, size_t len, void *ctx)
{
    nf_http_request *r = ctx;
    const char *value;
    size_t n;
    (void)one;
    if (header_is(line, len, "location", &value, &n)) {
        free(r->location);
        r->location = nf_memdup(value, n);
    } else if (header_is(line, len, "retry-after", &value, &n)) {
        r->retry_after_ms = parse_retry_after(value, n);
    }
    return len;
}

/* ---- handles ---- */

static CURL *new_easy(nf_http_request *r)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        nf_bug("curl_easy_init failed");
    curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_text);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "nimflow/" NF_VERSION_STRING);
    return easy;
}

static nf_http_request *take_request(nf_http_client *client)
{
    nf_http_request *r = client->free_list;
    if (r) {
        LL_DELETE(client->free_list, r);
        client->free_count--;
        return r;
    }
    r = nf_alloc(sizeof *r);
    r->client = client;
    r->easy = new_easy(r);
    return r;
}

static void free_request(nf_http_request *r)
{
    curl_easy_cleanup(r->easy);
    curl_slist_free_all(r->headers);
    if (r->headers_key)
        nf_secret_wipe(r->headers_key, strlen(r->headers_key));
    free(r->headers_key);
    nf_strbuf_release(&r->answer);
    free(r->location);
    free(r->body);
    free(r->method);
    free(r);
}

static void give_back(nf_http_request *r)
{
    nf_http_client *client = r->client;
    free(r->location);
    free(r->body);
    r->location = r->body = NULL;
    r->host = NULL;
    r->started = false;
    nf_strbuf_clear(&r->answer);
    if (client->free_count >= MOST_FREE) {
        free_request(r);
        return;
    }
    LL_PREPEND(client->free_list, r);
    client->free_count++;
}

/* The headers stay with the handle; most requests of a handle have the same ones. */
static void set_headers(nf_http_request *r, const nf_http_spec *spec)
{
    char key[HEADERS_KEY];
    snprintf(key, sizeof key, "%s\n%s", spec->bearer ? spec->bearer : "",
             spec->content_type ? spec->content_type : "");
    if (r->headers_key && strcmp(r->headers_key, key) == 0)
        return;
    curl_slist_free_all(r->headers);
    free(r->headers_key);
    r->headers_key = nf_strdup(key);
    r->headers = curl_slist_append(NULL, "Expect:"); /* no round trip to ask whether a body may be sent */
    char line[HEADERS_KEY + 32];
    if (spec->bearer) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", spec->bearer);
        r->headers = curl_slist_append(r->headers, line);
    }
    snprintf(line, sizeof line, "Content-Type:%s%s", spec->content_type ? " " : "",
             spec->content_type ? spec->content_type : "");
    r->headers = curl_slist_append(r->headers, line);
    nf_secret_wipe(key, sizeof key);
    nf_secret_wipe(line, sizeof line);
    curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_method(nf_http_request *r, const nf_http_spec *spec)
{
    bool body = spec->body || strcmp(spec->method, "POST") == 0 || strcmp(spec->method, "PUT") == 0;
    r->body = spec->body ? nf_memdup(spec->body, spec->len) : NULL;
    if (body) {
        curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? spec->len : 0));
        curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
    } else {
        curl_easy_setopt(r->easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, spec->method);
}

/* ---- lines ---- */

static struct host *host_of(nf_http_client *client, const nf_http_spec *spec)
{
    const char *authority = strstr(spec->url, "://");
    authority = authority ? authority + 3 : spec->url;
    size_t n = (size_t)(authority - spec->url) + strcspn(authority, "/?#");
    char *key = spec->unix_socket ? nf_format("unix:%s", spec->unix_socket) : nf_memdup(spec->url, n);
    struct host *host;
    HASH_FIND_STR(client->hosts, key, host);
    if (host) {
        free(key);
        return host;
    }
    host = nf_alloc(sizeof *host);
    host->key = key;
    HASH_ADD_KEYPTR(hh, client->hosts, host->key, strlen(host->key), host);
    return host;
}

static void run_line(struct host *host, nf_http_client *client)
{
    while (host->line && host->running < client->max_per_host) {
        nf_http_request *r = host->line;
        DL_DELETE(host->line, r);
        DL_APPEND(client->running, r);
        host->running++;
        r->started = true;
        CURLMcode rc = curl_multi_add_handle(client->multi, r->easy);
        if (rc != CURLM_OK)
            nf_bug("curl_multi_add_handle: %s", curl_multi_strerror(rc));
    }
}

/* Out of the multi handle; the next in line may go. */
static void leave(nf_http_request *r)
{
    nf_http_client *client = r->client;
    struct host *host = r->host;
    if (r->started) {
        curl_multi_remove_handle(client->multi, r->easy);
        DL_DELETE(client->running, r);
        host->running--;
    } else {
        DL_DELETE(host->line, r);
    }
    run_line(host, client);
}

nf_http_request *nf_http_request_start(nf_http_client *client, const nf_http_spec *spec,
                                       void (*done)(void *ctx, const nf_http_result *result), void *ctx)
{
    nf_http_request *r = take_request(client);
    r->done = done;
    r->ctx = ctx;
    r->write = spec->write;
    r->retry_after_ms = 0;
    r->curl_text[0] = '\0';
    r->answer.limit = spec->max_body ? spec->max_body : DEFAULT_BODY;
    long timeout = (long)(spec->timeout_ms ? spec->timeout_ms : DEFAULT_TIMEOUT_MS);
    curl_easy_setopt(r->easy, CURLOPT_URL, spec->url);
    curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(r->easy, CURLOPT_UNIX_SOCKET_PATH, spec->unix_socket);
    set_headers(r, spec);
    set_method(r, spec);
    r->host = host_of(client, spec);
    DL_APPEND(r->host->line, r);
    run_line(r->host, client);
    return r;
}

void nf_http_request_cancel(nf_http_request *r)
{
    leave(r);
    give_back(r);
}

/* ---- ends ---- */

static void finish(nf_http_request *r, CURLcode code)
{
    nf_http_result result = {0};
    long status = 0;
    if (code == CURLE_OK) {
        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    } else {
        curl_off_t connected = 0;
        curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
        nf_http_client_error(&result.error, code, r->curl_text, r->host->key, r->write && connected > 0,
                             r->answer.overflow);
    }
    result.status = (int)status;
    result.body = nf_strbuf_text(&r->answer);
    result.len = r->answer.len;
    result.location = r->location;
    result.retry_after_ms = r->retry_after_ms;
    leave(r);
    r->done(r->ctx, &result);
    give_back(r);
}

static void collect(nf_http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        nf_http_request *r = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
        finish(r, code);
    }
}

/* ---- curl on the loop ---- */

static void act(nf_http_client *client, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(client->multi, fd, events, &running);
    collect(client);
}

static void on_timeout(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void before_sleep(void *ctx)
{
    nf_http_client *client = ctx;
    for (int rounds = 0; client->kick && rounds < 8; rounds++) {
        client->kick = false;
        act(client, CURL_SOCKET_TIMEOUT, 0);
    }
    if (client->kick)
        nf_timer_start(client->timer, 0, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
    nf_http_client *client = ctx;
    (void)multi;
    client->kick = ms == 0; /* done before the loop sleeps; the timer only keeps the loop from ending before that */
    if (ms >= 0)
        nf_timer_start(client->timer, (uint64_t)ms, 0);
    else
        nf_timer_stop(client->timer);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    act(w->client, w->fd, flags);
}

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    nf_http_client *client = ctx;
    struct watch *w = socket_ctx;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            curl_multi_assign(client->multi, fd, NULL);
            uv_poll_stop(&w->poll);
            uv_close((uv_handle_t *)&w->poll, free_watch);
        }
        return 0;
    }
    if (!w) {
        w = nf_alloc(sizeof *w);
        w->client = client;
        w->fd = fd;
        uv_poll_init_socket(&client->loop->uv, &w->poll, fd);
        w->poll.data = w;
        curl_multi_assign(client->multi, fd, w);
    }
    int events = what == CURL_POLL_IN ? UV_READABLE : what == CURL_POLL_OUT ? UV_WRITABLE : UV_READABLE | UV_WRITABLE;
    uv_poll_start(&w->poll, events, on_ready);
    return 0;
}

nf_status nf_http_client_open(nf_loop *loop, unsigned max_per_host, nf_http_client **out, nf_error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return nf_error_set(err, NF_E_IO, "libcurl could not be started");
    nf_http_client *client = nf_alloc(sizeof *client);
    client->loop = loop;
    client->max_per_host = max_per_host;
    client->multi = curl_multi_init();
    if (!client->multi)
        nf_bug("curl_multi_init failed");
    client->timer = nf_timer_new(loop, on_timeout, client);
    client->hook = (nf_end_hook){.run = before_sleep, .ctx = client};
    nf_loop_before_sleep(loop, &client->hook);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)max_per_host * 4);
    *out = client;
    return NF_OK;
}

void nf_http_client_close(nf_http_client *client)
{
    struct host *host, *next_host;
    if (!client)
        return;
    HASH_ITER (hh, client->hosts, host, next_host) {
        while (host->line)
            nf_http_request_cancel(host->line);
    }
    while (client->running)
        nf_http_request_cancel(client->running);
    HASH_ITER (hh, client->hosts, host, next_host) {
        HASH_DEL(client->hosts, host);
        free(host->key);
        free(host);
    }
    while (client->free_list) {
        nf_http_request *r = client->free_list;
        LL_DELETE(client->free_list, r);
        free_request(r);
    }
    curl_multi_cleanup(client->multi);
    nf_timer_close(client->timer);
    nf_loop_forget(client->loop, &client->hook);
    free(client);
    curl_global_cleanup();
}
