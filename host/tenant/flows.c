/* SPDX-License-Identifier: Apache-2.0 */
/* flows.c: see flows.h. A scan is under way as long as `pending` loads are out. */
#include "tenant/flows.h"

#include "base/alloc.h"
#include "log/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOWS = 10000 };

/* Beside the public part: what the last look at the file showed. */
struct file {
    nf_flow flow;
    uint8_t seen[NF_SHA256_SIZE];
    bool tried, present;
    bool name_taken; /* it failed only because another file has a name of its */
};

struct nf_flows {
    nf_pool *pool;
    char *dir;
    uint64_t most_source;
    struct file *files; /* sorted by name */
    nf_flow *list;      /* the public part of each */
    size_t count;
    unsigned pending;
    bool scanning, again;
    bool changed; /* since the last call of settled */
    bool moved;   /* in this scan: a name may have become free */
    void (*settled)(void *ctx, bool changed);
    void *ctx;
};

nf_status nf_file_read(const char *path, size_t most, char **bytes, size_t *len, nf_error *err)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return nf_error_set(err, NF_E_NOT_FOUND, "%s: %s", path, strerror(errno));
    *bytes = nf_alloc(most + 2);
    *len = fread(*bytes, 1, most + 1, file);
    nf_status status = NF_OK;
    if (ferror(file))
        status = nf_error_set(err, NF_E_IO, "%s: %s", path, strerror(errno));
    else if (*len > most)
        status = nf_error_set(err, NF_E_LIMIT, "%s: larger than the limit source of %zu bytes",
                              path, most);
    fclose(file);
    if (status != NF_OK) {
        free(*bytes);
        *bytes = NULL;
    } else {
        *bytes = nf_realloc(*bytes, *len + 1);
        (*bytes)[*len] = '\0';
    }
    return status;
}

bool nf_flow_is_test(const char *file)
{
    static const char ending[] = ".test.lua";
    size_t n = strlen(file);
    return n >= sizeof ending && strcmp(file + n - (sizeof ending - 1), ending) == 0;
}

nf_flows *nf_flows_new(nf_pool *pool, const char *dir, uint64_t most_source)
{
    nf_flows *flows = nf_alloc(sizeof *flows);
    flows->pool = pool;
    flows->dir = nf_strdup(dir);
    flows->most_source = most_source;
    return flows;
}

static void release_file(struct file *f)
{
    nf_version_unref(f->flow.version);
    free(f->flow.file);
    free(f->flow.error);
}

void nf_flows_free(nf_flows *flows)
{
    if (!flows)
        return;
    for (size_t i = 0; i < flows->count; i++)
        release_file(&flows->files[i]);
    free(flows->files);
    free(flows->list);
    free(flows->dir);
    free(flows);
}

const nf_flow *nf_flows_list(const nf_flows *flows, size_t *count)
{
    *count = flows->count;
    return flows->list;
}

static struct file *find_file(const nf_flows *flows, const char *name)
{
    for (size_t i = 0; i < flows->count; i++) {
        if (strcmp(flows->files[i].flow.file, name) == 0)
            return &flows->files[i];
    }
    return NULL;
}

/* Show the files as they are now: the list borrows what they own. */
static void publish(nf_flows *flows)
{
    flows->list = nf_realloc(flows->list, (flows->count + 1) * sizeof *flows->list);
    for (size_t i = 0; i < flows->count; i++)
        flows->list[i] = flows->files[i].flow;
}

static void set_error(nf_flows *flows, struct file *f, const char *text)
{
    free(f->flow.error);
    f->flow.error = nf_strdup(text);
    publish(flows);
    nf_log_error("flow", "%s%s", text,
                 f->flow.version ? " (the last good version goes on running)" : "");
}

/* ---- loading ---- */

static bool name_taken(const nf_flows *flows, const struct file *by, const char *name,
                       const char **owner)
{
    for (size_t i = 0; i < flows->count; i++) {
        const struct file *f = &flows->files[i];
        if (f == by || !f->flow.version || !nf_version_handler(f->flow.version, name))
            continue;
        *owner = f->flow.file;
        return true;
    }
    return false;
}

static bool names_free(const nf_flows *flows, const struct file *f, const nf_version *version,
                       nf_error *err)
{
    size_t count;
    const char *owner;
    const nf_handler *handlers = nf_version_handlers(version, &count);
    for (size_t i = 0; i < count; i++) {
        if (name_taken(flows, f, handlers[i].name, &owner)) {
            nf_error_set(err, NF_E_CONFIG,
                         "%s:%d: the name '%s' is used by %s already; names are unique per tenant",
                         f->flow.file, handlers[i].line, handlers[i].name, owner);
            return false;
        }
    }
    return true;
}

static void settle(nf_flows *flows);

static void on_loaded(void *ctx, nf_version *version, const nf_error *failure)
{
    nf_flows *flows = ctx;
    struct file *f = find_file(flows, nf_version_file(version));
    nf_error err = failure ? *failure : (nf_error){0};
    if (err.status == NF_E_CANCELLED) { /* the host is closing */
        nf_version_unref(version);
        return;
    }
    bool good = !failure && f && names_free(flows, f, version, &err);
    if (f)
        f->name_taken = !failure && !good;
    if (good) {
        nf_version_unref(f->flow.version);
        f->flow.version = version;
        free(f->flow.error);
        f->flow.error = NULL;
        flows->changed = flows->moved = true;
        publish(flows);
        nf_log_info("flow", "%s: loaded", f->flow.file);
    } else {
        if (f)
            set_error(flows, f, err.text);
        nf_version_unref(version);
    }
    flows->pending--;
    settle(flows);
}

static void load(nf_flows *flows, struct file *f)
{
    char *path = nf_format("%s/%s", flows->dir, f->flow.file + strlen("flows/"));
    char *source = NULL;
    size_t len = 0;
    nf_error err = {0};
    uint8_t hash[NF_SHA256_SIZE];
    if (nf_file_read(path, flows->most_source, &source, &len, &err) != NF_OK) {
        set_error(flows, f, err.text);
        f->tried = false;
    } else {
        nf_sha256(source, len, hash);
        if (!f->tried || memcmp(hash, f->seen, sizeof hash) != 0) {
            memcpy(f->seen, hash, sizeof hash);
            f->tried = true;
            flows->pending++;
            nf_version_load(flows->pool,
                            &(nf_version_spec){.file = f->flow.file, .source = source, .len = len},
                            on_loaded, flows);
        }
    }
    free(source);
    free(path);
}

/* ---- the folder ---- */

static bool is_flow(const char *name)
{
    size_t n = strlen(name);
    bool lua = name[0] != '.' && n > 4 && strcmp(name + n - 4, ".lua") == 0;
    return lua && !nf_flow_is_test(name);
}

static void see_file(nf_flows *flows, const char *name)
{
    char *file = nf_format("flows/%s", name);
    struct file *f = find_file(flows, file);
    if (!f && flows->count < MOST_FLOWS) {
        flows->files = nf_realloc(flows->files, (flows->count + 1) * sizeof *flows->files);
        f = &flows->files[flows->count++];
        *f = (struct file){.flow.file = nf_strdup(file)};
    }
    if (f)
        f->present = true;
    free(file);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->flow.file, ((const struct file *)b)->flow.file);
}

static void see_folder(nf_flows *flows)
{
    for (size_t i = 0; i < flows->count; i++)
        flows->files[i].present = false;
    DIR *folder = opendir(flows->dir);
    if (!folder)
        nf_log_error("flow", "%s: %s", flows->dir, strerror(errno));
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (is_flow(entry->d_name))
            see_file(flows, entry->d_name);
    }
    if (folder)
        closedir(folder);
    size_t kept = 0;
    for (size_t i = 0; i < flows->count; i++) {
        if (flows->files[i].present) {
            flows->files[kept++] = flows->files[i];
        } else {
            nf_log_info("flow", "%s: gone", flows->files[i].flow.file);
            release_file(&flows->files[i]);
            flows->changed = flows->moved = true;
        }
    }
    flows->count = kept;
    if (kept)
        qsort(flows->files, kept, sizeof *flows->files, by_name);
    publish(flows);
}

static void start_scan(nf_flows *flows)
{
    flows->scanning = true;
    flows->again = flows->moved = false;
    see_folder(flows);
    flows->pending++; /* so that it cannot settle before all are asked for */
    for (size_t i = 0; i < flows->count; i++)
        load(flows, &flows->files[i]);
    flows->pending--;
    settle(flows);
}

/* Another file moved: those that wanted a name of its are tried again. False if there are none. */
static bool retry_names(nf_flows *flows)
{
    bool any = false;
    for (size_t i = 0; i < flows->count && flows->moved; i++) {
        struct file *f = &flows->files[i];
        any = any || f->name_taken;
        f->tried = f->tried && !f->name_taken;
    }
    return any;
}

static void settle(nf_flows *flows)
{
    if (flows->pending > 0)
        return;
    flows->scanning = false;
    if (retry_names(flows))
        flows->again = true;
    if (flows->again) {
        start_scan(flows);
        return;
    }
    bool changed = flows->changed;
    flows->changed = false;
    flows->settled(flows->ctx, changed);
}

void nf_flows_scan(nf_flows *flows, void (*settled)(void *ctx, bool changed), void *ctx)
{
    flows->settled = settled;
    flows->ctx = ctx;
    if (flows->scanning)
        flows->again = true;
    else
        start_scan(flows);
}
