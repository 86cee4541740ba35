/* SPDX-License-Identifier: Apache-2.0 */
/* http_server.c: see http_server.h. Listening, and what a handler sees of an exchange. */
#include "net/http_server.h"

#include "base/address.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/macros.h"
#include "log/log.h"
#include "net/http_connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

/* ---- life ---- */

void nf_http_server_maybe_free(nf_http_server *server)
{
    if (server->closing && server->listener_closed && server->count == 0)
        free(server);
}

static void on_listener_closed(uv_handle_t *handle)
{
    nf_http_server *server = handle->data;
    server->listener_closed = true;
    nf_http_server_maybe_free(server);
}

void nf_http_server_close(nf_http_server *server)
{
    nf_http_connection *c, *next;
    server->closing = true;
    uv_close((uv_handle_t *)&server->listener.stream, on_listener_closed);
    DL_FOREACH_SAFE (server->connections, c, next)
        nf_http_connection_wind_down(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        nf_http_connection_accept(listener->data);
    else
        nf_log_warn("http", "accept a connection: %s", uv_strerror(status));
}

/* ---- listening ---- */

/* A socket file that a dead process left behind is removed; one that somebody listens on is not. */
static nf_status clear_path(const char *path, nf_error *err)
{
    struct stat info;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return nf_error_set(err, NF_E_CONFIG, "a socket path may have at most %zu bytes",
                            sizeof address.sun_path - 1);
    if (lstat(path, &info) != 0)
        return NF_OK; /* binding will tell what is wrong with the path, if anything */
    if (!S_ISSOCK(info.st_mode))
        return nf_error_set(err, NF_E_CONFIG, "the file exists and is no socket");
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof address);
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return nf_error_set(err, NF_E_CONFIG, "another process listens there");
    if (why == ECONNREFUSED)
        unlink(path);
    return NF_OK;
}

static int access_folder(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return access(folder, F_OK);
}

static nf_status bind_unix(nf_http_server *server, const char *path, nf_error *err)
{
    server->is_unix = true;
    nf_status rc = clear_path(path, err);
    uv_pipe_init(&server->loop->uv, &server->listener.pipe, 0);
    if (rc != NF_OK)
        return rc;
    int uv = uv_pipe_bind(&server->listener.pipe, path);
    if (uv == UV_EACCES && access_folder(path) != 0)
        uv = UV_ENOENT; /* libuv says "permission denied" for both */
    /* between bind and listen nobody can connect, so the mode is right from the start */
    if (uv == 0 && chmod(path, 0600) != 0)
        uv = uv_translate_sys_error(errno);
    return uv == 0 ? NF_OK : nf_uv_error(err, uv, "bind");
}

static nf_status bind_tcp(nf_http_server *server, const char *text, nf_error *err)
{
    char host[256];
    int port;
    struct sockaddr_storage address;
    uv_tcp_init(&server->loop->uv, &server->listener.tcp);
    if (nf_address_split(text, host, sizeof host, &port, err) != NF_OK)
        return NF_E_CONFIG;
    const char *number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (uv_ip4_addr(number, port, (struct sockaddr_in *)&address) != 0
        && uv_ip6_addr(number, port, (struct sockaddr_in6 *)&address) != 0)
        return nf_error_set(err, NF_E_CONFIG, "'%s' is neither an address nor \"localhost\"", host);
    int uv = uv_tcp_bind(&server->listener.tcp, (struct sockaddr *)&address, 0);
    return uv == 0 ? NF_OK : nf_uv_error(err, uv, "bind");
}

static nf_status start_listening(nf_http_server *server, const char *address, nf_error *err)
{
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    nf_status rc = is_unix ? bind_unix(server, address + 5, err) : bind_tcp(server, address, err);
    server->listener.stream.data = server;
    if (rc != NF_OK)
        return rc;
    int uv = uv_listen(&server->listener.stream, 512, on_connection);
    return uv == 0 ? NF_OK : nf_uv_error(err, uv, "listen");
}

static void set_defaults(nf_http_options *o)
{
    o->max_head = o->max_head ? o->max_head : 32 * 1024;
    o->max_body = o->max_body ? o->max_body : 1024 * 1024;
    o->head_ms = o->head_ms ? o->head_ms : 5000;
    o->body_ms = o->body_ms ? o->body_ms : 10000;
    o->idle_ms = o->idle_ms ? o->idle_ms : 60000;
    o->max_connections = o->max_connections ? o->max_connections : 1024;
}

nf_status nf_http_server_open(nf_loop *loop, const char *address, const nf_http_options *options,
                              nf_http_handler *handler, void *ctx, nf_http_server **server,
                              nf_error *err)
{
    nf_http_server *s = nf_alloc(sizeof *s);
    s->loop = loop;
    s->handler = handler;
    s->ctx = ctx;
    if (options)
        s->options = *options;
    set_defaults(&s->options);
    nf_status rc = start_listening(s, address, err);
    if (rc != NF_OK) {
        nf_error_prefix(err, "cannot listen on %s", address);
        nf_http_server_close(s);
        return rc;
    }
    *server = s;
    return NF_OK;
}

int nf_http_server_port(const nf_http_server *server)
{
    struct sockaddr_storage address;
    int size = sizeof address;
    if (server->is_unix
        || uv_tcp_getsockname(&server->listener.tcp, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* ---- the exchange ---- */

typedef struct nf_joined {
    struct nf_joined *next;
    const char *name;
    char *value;
} nf_joined;

static nf_http_message *message_of(const nf_http_exchange *x)
{
    return &x->connection->message;
}

const char *nf_http_method(const nf_http_exchange *x)
{
    return message_of(x)->head.method;
}

const char *nf_http_path(const nf_http_exchange *x)
{
    return message_of(x)->head.path;
}

const char *nf_http_query(const nf_http_exchange *x)
{
    return message_of(x)->head.query;
}

const char *nf_http_body(const nf_http_exchange *x, size_t *len)
{
    *len = message_of(x)->body.len;
    return nf_strbuf_text(&message_of(x)->body);
}

const char *nf_http_peer(const nf_http_exchange *x)
{
    return x->connection->peer;
}

static const char *join(nf_http_exchange *x, const char *name)
{
    const nf_http_head *head = &message_of(x)->head;
    nf_strbuf all = nf_strbuf_new(SIZE_MAX / 2);
    nf_joined *joined;
    for (joined = x->joined; joined; joined = joined->next)
        if (strcmp(joined->name, name) == 0)
            return joined->value;
    for (size_t i = 0; i < head->count; i++)
        if (strcmp(head->fields[i].name, name) == 0)
            nf_strbuf_addf(&all, "%s%s", all.len ? ", " : "", head->fields[i].value);
    joined = nf_alloc(sizeof *joined);
    joined->name = name;
    joined->value = nf_strbuf_take(&all);
    LL_PREPEND(x->joined, joined);
    return joined->value;
}

const char *nf_http_header(const nf_http_exchange *x, const char *name)
{
    const nf_http_head *head = &message_of(x)->head;
    const char *value = NULL;
    for (size_t i = 0; i < head->count; i++) {
        if (strcmp(head->fields[i].name, name) != 0)
            continue;
        if (value)
            return join(&x->connection->exchange, head->fields[i].name);
        value = head->fields[i].value;
    }
    return value;
}

/* ---- answers ---- */

static void end_exchange(nf_http_exchange *x)
{
    nf_joined *joined, *next;
    if (!x->open)
        nf_bug("an HTTP exchange was answered twice");
    x->open = false;
    LL_FOREACH_SAFE (x->joined, joined, next) {
        free(joined->value);
        free(joined);
    }
    x->joined = NULL;
}

void nf_http_answer(nf_http_exchange *x, int status, const char *type, const char *headers,
                    const void *body, size_t len)
{
    end_exchange(x);
    nf_http_connection_answer(
        x->connection,
        &(nf_http_answer_spec){
            .status = status, .type = type, .headers = headers, .body = body, .len = len});
}

void nf_http_drop(nf_http_exchange *x)
{
    end_exchange(x);
    nf_http_connection_cut(x->connection, NULL, 0);
}

void nf_http_answer_raw(nf_http_exchange *x, const void *bytes, size_t len)
{
    end_exchange(x);
    nf_http_connection_cut(x->connection, bytes, len);
}

void nf_http_answer_error(nf_http_exchange *x, int status, const char *format, ...)
{
    char text[NF_ERROR_TEXT];
    nf_strbuf body = nf_strbuf_new(8 * sizeof text);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nf_strbuf_puts(&body, "{\"error\":");
    nf_strbuf_add_json(&body, text, strlen(text));
    nf_strbuf_puts(&body, "}");
    nf_http_answer(x, status, "application/json", NULL, body.bytes, body.len);
    nf_strbuf_release(&body);
}

void nf_http_answer_json(nf_http_exchange *x, int status, struct json_t *value)
{
    char *text = nf_json_text(value);
    nf_http_answer(x, status, "application/json", NULL, text, strlen(text));
    free(text);
    json_decref(value);
}
