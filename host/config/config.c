/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: the tables of all keys, and loading. See config.h. */
#include "config/config.h"

#include "base/alloc.h"
#include "base/macros.h"
#include "config/schema.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

/* The id is that of the Nimbus API in Entra ID, as the published connector names it. */
#define AUTHORITY "https://login.microsoftonline.com/organizations"
#define SCOPE     "23694b6c-5a4a-45ce-9c6a-37c5f1880d4e/.default offline_access openid profile"

#define AT(member) offsetof(nf_config, member)
static const nf_key host_keys[] = {
    {"listen", NF_KEY_ADDRESS, AT(listen), .standard = "127.0.0.1:8080",
     .doc =
         "Address for the notifications of Nimbus; keep it on loopback behind a reverse proxy with TLS."},
    {"metrics_listen", NF_KEY_ADDRESS, AT(metrics_listen), .standard = "none",
     .doc = "Address for GET /metrics (Prometheus); also on the admin socket."},
    {"public_url", NF_KEY_URL, AT(public_url), .standard = "http://LISTEN",
     .doc = "The address Nimbus reaches this host under."},
    {"data", NF_KEY_PATH, AT(data), .standard = "data",
     .doc = "Folder of the database and the admin socket."},
    {"key_file", NF_KEY_PATH, AT(key_file), .standard = "DATA/key",
     .doc = "File (mode 600) with the key that sign-ins are encrypted with."},
    {"drain", NF_KEY_DURATION, AT(drain_ms), .least = 0, .most = 600000, .standard = "10s",
     .doc =
         "How long the host, when it is told to end, waits for runs under way; what is left goes on "
         "after the next start."},
    {"log_level", NF_KEY_CHOICE, AT(log_level), .choices = log_levels, .standard = "info",
     .doc = "How much is logged to standard error: error, warn, info or debug."},
    {"log_json", NF_KEY_BOOLEAN, AT(log_json), .standard = "false",
     .doc = "Log lines as JSON objects."},
    {"limits", NF_KEY_LIMITS, AT(limits), .setter = NF_SETTER_HOST, .standard = "see the budgets",
     .doc = "Budgets of a run and caps of a tenant, where tenant.yaml sets none."},
    {0},
};
#undef AT

#define AT(member) offsetof(nf_tenant_config, member)
static const nf_key tenant_keys[] = {
    {"cluster", NF_KEY_URL, AT(cluster), .required = true,
     .doc =
         "Address of the Nimbus API, for example https://api.luware.cloud; plain http only to this machine."},
    {"client_id", NF_KEY_TEXT, AT(client_id), .standard = "none",
     .doc = "Id of your app registration in Entra ID, as which people sign in."},
    {"client_secret_file", NF_KEY_PATH, AT(client_secret_file), .standard = "none",
     .doc = "File (mode 600) with that app's client secret, if it is a confidential client."},
    {"authority", NF_KEY_URL, AT(authority), .standard = AUTHORITY,
     .doc = "Address of the identity server, with the directory or `organizations` in it."},
    {"directory_tenant", NF_KEY_TEXT, AT(directory_tenant), .standard = "any",
     .doc = "Id of the only directory whose users may sign in."},
    {"scope", NF_KEY_TEXT, AT(scope), .standard = "the Nimbus API",
     .doc =
         "What the token is asked for; change it when Nimbus wants the audience of your own app."},
    {"token_file", NF_KEY_PATH, AT(token_file), .standard = "none",
     .doc =
         "Instead of a sign-in: file (mode 600) whose first line is the bearer token of the connection `nimbus`."},
    {"upn", NF_KEY_TEXT, AT(upn), .standard = "not known",
     .doc =
         "With token_file: UPN of the Nimbus user whose token it is; needed when there is a directory.yaml."},
    {"country", NF_KEY_COUNTRY, AT(country), .standard = "CH",
     .doc = "Country of telephone numbers that are written without one."},
    {"limits", NF_KEY_LIMITS, AT(limits), .setter = NF_SETTER_TENANT, .standard = "the host's",
     .doc = "Budgets of each run, and caps of all of them together."},
    {"subscription_renewal", NF_KEY_DURATION, AT(renew_ms), .least = 1000, .most = 604800000,
     .standard = "1d", .doc = "Age at which a registration at Nimbus is made anew."},
    {"silence_after", NF_KEY_DURATION, AT(silence_ms), .least = 1000, .most = 2592000000,
     .standard = "by what is usual",
     .doc = "A service without an event for so long raises an alarm, whatever is usual for it."},
    {"failing_after", NF_KEY_INTEGER, AT(failing_after), .least = 1, .most = 1000000,
     .standard = "5",
     .doc = "So many runs of a handler in a row that did not end well raise an alarm."},
    {"keep_details", NF_KEY_DURATION, AT(keep_details_ms), .least = 1000, .most = 3153600000000,
     .standard = "as long as `history` allows",
     .doc = "Age at which effects, log and event of an ended run go; its summary stays."},
    {"keep_summaries", NF_KEY_DURATION, AT(keep_summaries_ms), .least = 1000, .most = 3153600000000,
     .standard = "for ever", .doc = "Age at which nothing of an ended run is kept."},
    {"assistant_path", NF_KEY_TEXT, AT(assistant_path),
     .standard = "/v1/triggers/virtual-assistant",
     .doc = "Where nimbus.on_assistant registers; no public description has it."},
    {"request_timeout", NF_KEY_DURATION, AT(request_ms), .least = 100, .most = 300000,
     .standard = "10s", .doc = "How long one request to Nimbus may take."},
    {"retry_times", NF_KEY_INTEGER, AT(retry_times), .least = 1, .most = 100, .standard = "6",
     .doc =
         "Attempts of a request in all, where it may be repeated; a flow and a call may say otherwise."},
    {"retry_backoff", NF_KEY_DURATION, AT(retry_backoff_ms), .least = 1, .most = 900000,
     .standard = "250ms",
     .doc =
         "The wait after the first attempt; it doubles each time, and chance takes off up to half."},
    {"retry_longest", NF_KEY_DURATION, AT(retry_longest_ms), .least = 1, .most = 900000,
     .standard = "5s", .doc = "The longest wait between two attempts."},
    {"retry_after_longest", NF_KEY_DURATION, AT(retry_obeyed_ms), .least = 1, .most = 900000,
     .standard = "1min",
     .doc =
         "The longest Retry-After of Nimbus that is waited for; a longer one is an error at once."},
    {"breaker_failures", NF_KEY_INTEGER, AT(breaker_failures), .least = 0, .most = 1000000,
     .standard = "20",
     .doc =
         "After so many failed requests of a connection in a row only probes go out until one is answered; 0: never."},
    {"breaker_probe", NF_KEY_DURATION, AT(breaker_probe_ms), .least = 100, .most = 900000,
     .standard = "5s", .doc = "How often a probe goes out meanwhile."},
    {0},
};
#undef AT

nf_config *nf_config_new(void)
{
    nf_config *config = nf_alloc(sizeof *config);
    config->listen = nf_strdup("127.0.0.1:8080");
    config->limits = nf_allowed_standard();
    config->log_level = 2;
    config->drain_ms = 10000;
    return config;
}

nf_tenant_config *nf_config_add_tenant(nf_config *config, const char *name, const char *dir)
{
    config->tenants =
        nf_realloc(config->tenants, (config->tenant_count + 1) * sizeof *config->tenants);
    nf_tenant_config *tenant = &config->tenants[config->tenant_count++];
    *tenant = (nf_tenant_config){
        .name = nf_strdup(name),
        .dir = nf_strdup(dir),
        .country = nf_strdup("CH"),
        .authority = nf_strdup(AUTHORITY),
        .scope = nf_strdup(SCOPE),
        .limits = config->limits,
        .request_ms = 10000,
        .retry_times = 6,
        .retry_backoff_ms = 250,
        .retry_longest_ms = 5000,
        .retry_obeyed_ms = 60000,
        .breaker_failures = 20,
        .breaker_probe_ms = 5000,
        .renew_ms = 86400000,
        .failing_after = 5,
    };
    return tenant;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * The names of the sub-folders, sorted, so that errors and logs have one order. One without
 * tenant.yaml is among them: reading it reports that.
 */
static size_t tenant_names(const char *dir, char ***names)
{
    DIR *folder = opendir(dir);
    size_t count = 0;
    *names = NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char *path = nf_format("%s/%s", dir, entry->d_name);
        struct stat st;
        if (entry->d_name[0] != '.' && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            *names = nf_realloc(*names, (count + 1) * sizeof **names);
            (*names)[count++] = nf_strdup(entry->d_name);
        }
        free(path);
    }
    if (folder)
        closedir(folder);
    if (count)
        qsort(*names, count, sizeof **names, by_name);
    return count;
}

static void load_tenant(nf_config *config, const char *dir, const char *name, nf_strbuf *errors)
{
    char *tenant_dir = nf_format("%s/%s", dir, name);
    char *path = nf_format("%s/tenant.yaml", tenant_dir);
    nf_tenant_config *tenant = nf_config_add_tenant(config, name, tenant_dir);
    nf_yaml *map = nf_yaml_read(path, errors);
    if (map)
        nf_schema_apply(tenant_keys, map, path, tenant, errors);
    nf_yaml_free(map);
    free(path);
    free(tenant_dir);
}

static void load_tenants(nf_config *config, const char *root, nf_strbuf *errors)
{
    char *dir = nf_format("%s/tenants", root), **names;
    size_t count = tenant_names(dir, &names);
    for (size_t i = 0; i < count; i++) {
        load_tenant(config, dir, names[i], errors);
        free(names[i]);
    }
    if (count == 0)
        nf_strbuf_addf(
            errors,
            "%s: no tenant found; make %s/NAME/tenant.yaml with 'cluster' and 'client_id'\n",
            config->path, dir);
    free(names);
    free(dir);
}

nf_config *nf_config_load(const char *path, nf_strbuf *errors)
{
    size_t before = errors->len;
    nf_config *config = nf_config_new();
    const char *slash = strrchr(path, '/');
    char *root = slash ? nf_memdup(path, (size_t)(slash - path)) : nf_strdup(".");
    config->path = nf_strdup(path);
    config->data = nf_format("%s/data", root);
    nf_yaml *map = nf_yaml_read(path, errors);
    if (map) {
        nf_schema_apply(host_keys, map, path, config, errors);
        load_tenants(config, root, errors);
    }
    nf_yaml_free(map);
    free(root);
    if (errors->len > before) {
        nf_config_free(config);
        return NULL;
    }
    return config;
}

void nf_config_free(nf_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->tenant_count; i++) {
        nf_schema_release(tenant_keys, &config->tenants[i]);
        free(config->tenants[i].name);
        free(config->tenants[i].dir);
    }
    nf_schema_release(host_keys, config);
    free(config->tenants);
    free(config->path);
    free(config);
}

/* ---- the reference ---- */

static void add_amount(nf_strbuf *out, uint64_t value, nf_unit unit)
{
    char text[NF_AMOUNT_MAX];
    nf_amount_text(unit, value, text);
    nf_strbuf_puts(out, text);
}

static void add_values(nf_strbuf *out, const nf_key *key)
{
    static const char *const types[] = {
        [NF_KEY_TEXT] = "text",
        [NF_KEY_ADDRESS] = "HOST:PORT",
        [NF_KEY_URL] = "https address",
        [NF_KEY_PATH] = "path",
        [NF_KEY_COUNTRY] = "two capital letters",
        [NF_KEY_BOOLEAN] = "true or false",
        [NF_KEY_CHOICE] = "one of those named",
        [NF_KEY_LIMITS] = "a map of budgets and caps",
        [NF_KEY_TEXTS] = "a list of texts",
    };
    if (key->type != NF_KEY_INTEGER && key->type != NF_KEY_DURATION) {
        nf_strbuf_puts(out, types[key->type]);
        return;
    }
    nf_unit unit = key->type == NF_KEY_DURATION ? NF_UNIT_MS : NF_UNIT_COUNT;
    add_amount(out, key->least, unit);
    nf_strbuf_puts(out, " to ");
    add_amount(out, key->most, unit);
}

static void reference_of(nf_strbuf *out, const char *title, const nf_key *keys)
{
    nf_strbuf_addf(out, "## %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title);
    for (; keys->name; keys++) {
        nf_strbuf_addf(out, "| `%s` | ", keys->name);
        add_values(out, keys);
        nf_strbuf_addf(out, " | %s | %s |\n", keys->required ? "(required)" : keys->standard,
                       keys->doc);
    }
    nf_strbuf_puts(out, "\n");
}

struct bound {
    const char *name;
    nf_unit unit;
    uint64_t standard, ceiling;
    const char *doc;
};

static void reference_of_bounds(nf_strbuf *out, const char *title, const struct bound *bounds,
                                size_t count)
{
    nf_strbuf_addf(out, "## %s\n\n| name | default | highest | bounds |\n|---|---|---|---|\n",
                   title);
    for (size_t i = 0; i < count; i++) {
        nf_strbuf_addf(out, "| `%s` | ", bounds[i].name);
        if (bounds[i].standard)
            add_amount(out, bounds[i].standard, bounds[i].unit);
        else
            nf_strbuf_puts(out, "one per core but one");
        nf_strbuf_puts(out, " | ");
        add_amount(out, bounds[i].ceiling, bounds[i].unit);
        nf_strbuf_addf(out, " | %s |\n", bounds[i].doc);
    }
}

static void reference_of_limits(nf_strbuf *out)
{
    static const struct bound budgets[] =
        {
#define X(name, text, unit, standard, ceiling, doc) {text, NF_UNIT_##unit, standard, ceiling, doc},
            NF_BUDGET_MAP(X)},
                              caps[] = {NF_CAP_MAP(X)
#undef X
                              };
    reference_of_bounds(out, "Budgets of each run", budgets, NF_COUNT(budgets));
    nf_strbuf_puts(out, "\n");
    reference_of_bounds(out, "Caps of a tenant", caps, NF_COUNT(caps));
}

void nf_config_reference(nf_strbuf *out)
{
    reference_of(out, "nimflow.yaml", host_keys);
    reference_of(out, "tenants/NAME/tenant.yaml", tenant_keys);
    reference_of_limits(out);
}
