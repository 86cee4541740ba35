/* SPDX-License-Identifier: Apache-2.0 */
/* rights.c: see rights.h. */
#include "tenant/rights.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "log/log.h"
#include "loop/watch.h"
#include "tenant/flows.h"
#include "tenant/tenant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LARGEST_FILE = 1 << 20, MOST_ERRORS = 1 << 16, MOST_WARNINGS = 50, LOG_MS = 60000 };

struct nf_rights {
    nf_ou ou;
    const nf_tenant_config *config;
    char *path;
    nf_watch *watch;
    uint8_t hash[NF_SHA256_SIZE]; /* of the file that was looked at last */
    char *error;                  /* why the file as it is now is not in force, or NULL */
    nf_fates *fates;
    int64_t logged_ms; /* when a denied event was logged last */
};

static char *path_of(const nf_tenant_config *config)
{
    return nf_format("%s/directory.yaml", config->dir);
}

/* ---- the file ---- */

static void set_error(nf_rights *r, const char *text)
{
    free(r->error);
    r->error = nf_strdup(text);
    if (text)
        nf_log_error("tenant", "%s: %s%s", r->config->name, text,
                     r->ou.directory ? " (the last good directory stays in force)" : "");
}

/* Is the file another one than at the last look? */
static bool changed(nf_rights *r)
{
    char *bytes = NULL;
    size_t len = 0;
    uint8_t hash[NF_SHA256_SIZE];
    if (nf_file_read(r->path, LARGEST_FILE, &bytes, &len, NULL) != NF_OK)
        return true; /* reading it again will say why */
    nf_sha256(bytes, len, hash);
    free(bytes);
    bool same = memcmp(hash, r->hash, sizeof hash) == 0;
    memcpy(r->hash, hash, sizeof hash);
    return !same;
}

static void look(nf_rights *r)
{
    if (access(r->path, F_OK) != 0 && errno == ENOENT) {
        memset(r->hash, 0, sizeof r->hash);
        if (r->ou.directory && !r->error)
            set_error(r, "directory.yaml is gone; to run without one, start the host again");
        return;
    }
    if (!changed(r))
        return;
    nf_strbuf errors = nf_strbuf_new(MOST_ERRORS);
    nf_directory *directory = nf_directory_read(r->path, &errors);
    if (directory) {
        nf_directory_free(r->ou.directory);
        r->ou.directory = directory;
        set_error(r, NULL);
        nf_log_info("tenant", "%s: directory.yaml is in force", r->config->name);
    } else {
        char *text = nf_strbuf_take(&errors);
        size_t n = strlen(text);
        if (n && text[n - 1] == '\n')
            text[n - 1] = '\0';
        set_error(r, text);
        free(text);
    }
    nf_strbuf_release(&errors);
}

static void on_change(void *ctx)
{
    look(ctx);
}

nf_status nf_rights_open(nf_loop *loop, const nf_tenant_config *config, nf_fates *fates,
                         nf_rights **out, nf_error *err)
{
    nf_rights *r = nf_alloc(sizeof *r);
    nf_error unwatched = {0};
    r->config = config;
    r->path = path_of(config);
    r->fates = fates;
    r->ou.seen = nf_seen_new(NF_SEEN_MOST);
    *out = r;
    look(r);
    if (r->error) /* there is no last good one to go on with */
        return nf_error_set(err, NF_E_CONFIG, "%s", r->error);
    r->watch = nf_watch_new(loop, config->dir, on_change, r, &unwatched);
    if (!r->watch)
        nf_log_warn("tenant", "%s: changes of directory.yaml are not seen: %s", config->name,
                    unwatched.text);
    return NF_OK;
}

void nf_rights_close(nf_rights *r)
{
    if (!r)
        return;
    nf_watch_close(r->watch);
    nf_directory_free(r->ou.directory);
    nf_seen_free(r->ou.seen);
    free(r->error);
    free(r->path);
    free(r);
}

void nf_rights_check(const nf_tenant_config *config, nf_strbuf *errors)
{
    char *path = path_of(config);
    if (access(path, F_OK) == 0 || errno != ENOENT)
        nf_directory_free(nf_directory_read(path, errors));
    free(path);
}

const nf_ou *nf_rights_ou(const nf_rights *r)
{
    return &r->ou;
}

/* ---- events ---- */

void nf_rights_see(nf_rights *r, const nf_event *event)
{
    if (r->ou.directory && event->partition && event->owner)
        nf_seen_add(r->ou.seen, event->partition, event->owner);
}

static void deny(nf_rights *r, const nf_ou_question *q, const nf_ou_verdict *verdict,
                 const char *handler, const nf_event *event)
{
    char why[NF_OU_TEXT];
    nf_ou_explain(q, verdict, why);
    nf_fates_add(r->fates, &(nf_fated){.fate = NF_FATE_DENIED,
                                       .event = event->row.id,
                                       .at_ms = event->row.received_ms,
                                       .hash = event->row.hash,
                                       .task = event->partition,
                                       .handler = handler,
                                       .why = why});
    int64_t now = nf_clock_wall_ms();
    if (now - r->logged_ms < LOG_MS)
        return;
    r->logged_ms = now;
    nf_log_warn("tenant", "%s: denied to '%s': %s (%llu so far; 'nimflow why --denied' shows them)",
                r->config->name, handler, why,
                (unsigned long long)nf_fates_count(r->fates, NF_FATE_DENIED));
}

bool nf_rights_permit(nf_rights *r, const char *upn, const char *handler, const nf_event *event)
{
    nf_ou_question q = {
        .upn = upn,
        .operation = event->trigger->operation,
        .entity = event->owner,
        .id = event->partition,
    };
    nf_ou_verdict verdict = nf_ou_decide(r->ou.directory, &q);
    if (!verdict.allowed)
        deny(r, &q, &verdict, handler, event);
    return verdict.allowed;
}

/* ---- does it agree with Nimbus? ---- */

/* The services that Nimbus lists for a connection and a trigger, sorted; the texts are the catalog's. */
struct listed {
    const char **upns;
    size_t count;
};

static int by_upn(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static struct listed services_of(const nf_connection *c, const char *list)
{
    struct listed listed = {.count = nf_catalog_count(c->catalog, list)};
    listed.upns = nf_alloc((listed.count + 1) * sizeof *listed.upns);
    for (size_t i = 0; i < listed.count; i++)
        listed.upns[i] = nf_catalog_value(c->catalog, list, i);
    if (listed.count)
        qsort(listed.upns, listed.count, sizeof *listed.upns, by_upn);
    return listed;
}

struct comparison {
    const nf_rights *rights;
    const nf_connection *connection;
    nf_operation operation;
    struct listed listed;
    json_t *warnings;
};

static void warn(struct comparison *c, const char *service, const char *text)
{
    if (json_array_size(c->warnings) >= MOST_WARNINGS)
        return;
    char *line = nf_format("connection %s: %s: %s", c->connection->name, service, text);
    bool known = false; /* triggers may share a list */
    for (size_t i = 0; i < json_array_size(c->warnings); i++)
        known = known || strcmp(json_string_value(json_array_get(c->warnings, i)), line) == 0;
    if (!known)
        json_array_append_new(c->warnings, json_string(line));
    free(line);
}

/* A service that the user may hear by the directory, but Nimbus does not list. */
static void compare_service(void *ctx, const char *upn)
{
    struct comparison *c = ctx;
    nf_ou_question q = {.upn = c->connection->upn, .operation = c->operation, .entity = upn};
    if (nf_ou_decide(c->rights->ou.directory, &q).allowed
        && !bsearch(&upn, c->listed.upns, c->listed.count, sizeof *c->listed.upns, by_upn))
        warn(c, upn, "directory.yaml allows it, Nimbus does not list it for this connection");
}

static void compare(const nf_rights *r, const nf_connection *connection, const nf_trigger *trigger,
                    json_t *warnings)
{
    const nf_filter *filter = trigger->filters;
    while (filter->name && (!trigger->owner || strcmp(filter->field, trigger->owner) != 0))
        filter++;
    if (!filter->name || !filter->list || !connection->listening
        || !nf_catalog_has(connection->catalog, filter->list))
        return;
    struct comparison c = {r, connection, trigger->operation, services_of(connection, filter->list),
                           warnings};
    nf_directory_each_service(r->ou.directory, compare_service, &c);
    for (size_t i = 0; i < c.listed.count; i++) {
        if (!nf_directory_has_service(r->ou.directory, c.listed.upns[i]))
            warn(&c, c.listed.upns[i],
                 "Nimbus lists it for this connection, directory.yaml does not have it: denied");
    }
    free(c.listed.upns);
}

/* Only then its lists were fetched. */
static bool is_heard(const nf_tenant *t, const nf_connection *c, const nf_trigger *trigger)
{
    for (size_t i = 0; i < t->listener_count; i++) {
        if (t->listeners[i]->connection == c && t->listeners[i]->handler->trigger == trigger)
            return true;
    }
    return false;
}

static json_t *warnings_of(const nf_rights *r, const nf_tenant *t)
{
    json_t *warnings = json_array();
    for (size_t i = 0; r->ou.directory && i < t->connection_count; i++) {
        const nf_connection *c = t->connections[i];
        struct comparison named = {.connection = c, .warnings = warnings};
        if (c->gone)
            continue;
        if (!c->upn)
            warn(&named, "its user",
                 "not known, so everything is denied; write 'upn' in tenant.yaml");
        else if (!nf_directory_has_user(r->ou.directory, c->upn))
            warn(&named, c->upn, "directory.yaml does not have its user, so everything is denied");
        for (const nf_trigger *const *trigger = t->host->triggers; *trigger; trigger++) {
            if (is_heard(t, c, *trigger))
                compare(r, c, *trigger, warnings);
        }
    }
    return warnings;
}

json_t *nf_rights_status(const nf_rights *r, const nf_tenant *t)
{
    return json_pack("{s:s?, s:s?, s:I, s:o}", "directory", r->ou.directory ? r->path : NULL,
                     "error", r->error, "denied",
                     (json_int_t)nf_fates_count(r->fates, NF_FATE_DENIED), "warnings",
                     warnings_of(r, t));
}
