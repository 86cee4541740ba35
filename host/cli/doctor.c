/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c: nimflow doctor: is this host well? What it finds is a list of {"level", "what", "text"}: ok, warning or
 * failure, each failure with what helps.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/fetch.h"
#include "config/config.h"
#include "tenant/rights.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { LEAST_FREE_MIB = 512 };

static void find(json_t *found, const char *level, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void find(json_t *found, const char *level, const char *what, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(found,
                          json_pack("{s:s, s:s, s:s}", "level", level, "what", what, "text", text));
}

/* ---- without the host ---- */

static void look_at_folder(json_t *found, const char *data)
{
    struct statvfs fs;
    struct stat st;
    if (stat(data, &st) != 0) {
        find(found, "warning", "data", "%s: %s; it is made when the host starts", data,
             strerror(errno));
        return;
    }
    if (st.st_mode & 077)
        find(found, "warning", "data", "%s: others may look into it (mode %03o); chmod 700 %s",
             data, (unsigned)(st.st_mode & 0777), data);
    if (statvfs(data, &fs) != 0)
        return;
    unsigned long long free_mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    find(found, free_mib < LEAST_FREE_MIB ? "warning" : "ok", "data", "%s: %llu MiB free%s", data,
         free_mib, free_mib < LEAST_FREE_MIB ? "; when it is full, events are refused" : "");
}

/* Does the configuration hold? Its errors are findings. */
static void look_at_config(json_t *found, const char *path)
{
    nf_strbuf errors = nf_strbuf_new(1 << 20);
    nf_config *config = nf_config_load(path, &errors);
    for (size_t i = 0; config && i < config->tenant_count; i++)
        nf_rights_check(&config->tenants[i], &errors);
    for (char *rest = errors.bytes, *line; rest && (line = strtok_r(rest, "\n", &rest));)
        find(found, "failure", "configuration", "%s", line);
    if (config) {
        find(found, "ok", "configuration", "%s: %zu tenants", path, config->tenant_count);
        look_at_folder(found, config->data);
    }
    nf_config_free(config);
    nf_strbuf_release(&errors);
}

/* ---- with the host ---- */

static void look_at_flows(json_t *found, const char *tenant, const json_t *flows)
{
    size_t i;
    const json_t *flow;
    json_array_foreach (flows, i, flow) {
        const char *error = nf_json_string(flow, "error"), *file = nf_json_string(flow, "file");
        bool running = json_is_true(json_object_get(flow, "running"));
        if (error)
            find(found, running ? "warning" : "failure", "flow", "%s: %s%s", tenant, error,
                 running ? " (what ran before goes on)" : "");
        else
            find(found, "ok", "flow", "%s: %s", tenant, file);
    }
}

static void look_at_rights(json_t *found, const char *tenant, const json_t *rights)
{
    const char *error = nf_json_string(rights, "error");
    size_t i;
    const json_t *warning;
    if (error)
        find(found, "failure", "rights", "%s: %s", tenant, error);
    else if (nf_json_string(rights, "directory"))
        find(found, "ok", "rights", "%s: directory.yaml is in force; %lld events denied", tenant,
             (long long)nf_json_integer(rights, "denied", 0));
    json_array_foreach (json_object_get(rights, "warnings"), i, warning)
        find(found, "warning", "rights", "%s: %s", tenant, json_string_value(warning));
}

/* Was what the flows found there before the agent took the call? Few calls say little. */
static void look_at_pickup(json_t *found, const char *tenant, const json_t *services)
{
    enum { ENOUGH_CALLS = 20, GOOD_PERCENT = 80 };
    size_t i;
    const json_t *service;
    json_array_foreach (services, i, service) {
        long long taken = (long long)nf_json_integer(service, "taken", 0),
                  percent = (long long)nf_json_integer(service, "percent", 0),
                  late = (long long)nf_json_integer(service, "late", 0);
        bool bad = taken >= ENOUGH_CALLS && percent < GOOD_PERCENT;
        find(
            found, bad ? "warning" : "ok", "pickup",
            "%s: %s: %lld %% of %lld calls had their context when they were taken, %lld got it later%s",
            tenant, nf_json_string(service, "service"), percent, taken, late,
            bad ? "; look at how long runs take and wait: nimflow runs, nimflow limits" : "");
    }
}

/* Runs that were given up. */
static void look_at_shed(json_t *found, const char *tenant, const json_t *shed)
{
    long long lost = (long long)nf_json_integer(shed, "less-urgent", 0),
              over = (long long)nf_json_integer(shed, "task-ended", 0);
    if (lost + over > 0)
        find(
            found, "warning", "runs",
            "%s: to make room, %lld waiting runs were given up for more urgent ones and %lld whose task was "
            "over; nimflow runs --outcome cancelled shows them, nimflow limits %s what is used",
            tenant, lost, over, tenant);
}

static void look_at_waits(json_t *found, const char *tenant, const json_t *gates)
{
    size_t i;
    const json_t *gate;
    json_array_foreach (gates, i, gate) {
        const char *key = nf_json_string(gate, "key");
        find(found, "ok", "runs", "%s: %lld runs of '%s' wait for %s%s%s: %lld at a time", tenant,
             (long long)nf_json_integer(gate, "waiting", 0), nf_json_string(gate, "handler"),
             nf_json_string(gate, "waits_for"), key ? " " : "", key ? key : "",
             (long long)nf_json_integer(gate, "inside", 0));
    }
}

/* What its connections send, and what waits; an open breaker is among the alarms. */
static void look_at_requests(json_t *found, const char *tenant, const json_t *connections)
{
    size_t i;
    const json_t *c;
    json_array_foreach (connections, i, c) {
        const json_t *r = json_object_get(c, "requests");
        long long waiting = nf_json_integer(r, "waiting", 0),
                  paused = nf_json_integer(r, "paused_ms", 0);
        bool open = json_is_true(json_object_get(r, "breaker_open"));
        char why[128] = "";
        if (paused)
            snprintf(why, sizeof why, " (Nimbus asked for a pause: %lld s more)",
                     (paused + 999) / 1000);
        else if (open)
            snprintf(why, sizeof why, " (only probes go out, the next one in %lld s)",
                     ((long long)nf_json_integer(r, "probe_in_ms", 0) + 999) / 1000);
        else if (waiting)
            snprintf(why, sizeof why, " (for their turn: limit requests_per_second)");
        find(found, waiting || paused || open ? "warning" : "ok", "requests",
             "%s: %s: %lld sent, %lld of them again; %lld wait%s", tenant,
             nf_json_string(c, "name"), (long long)nf_json_integer(r, "sent", 0),
             (long long)nf_json_integer(r, "repeated", 0), waiting, why);
    }
}

static void look_at_tenant(json_t *found, const json_t *t)
{
    const char *name = nf_json_string(t, "tenant"), *trouble = nf_json_string(t, "trouble"),
               *held_up = nf_json_string(t, "held_up");
    size_t i;
    const json_t *alarm;
    if (trouble)
        find(found, "failure", "connection", "%s: %s", name, trouble);
    else
        find(found, "ok", "connection", "%s: registered at Nimbus as its flows want it", name);
    if (held_up)
        find(found, "warning", "runs", "%s: runs wait: %s", name, held_up);
    json_array_foreach (json_object_get(t, "alarms"), i, alarm)
        find(found, "failure", nf_json_string(alarm, "kind"), "%s: %s: %s (since %s)", name,
             nf_json_string(alarm, "subject"), nf_json_string(alarm, "text"),
             nf_json_string(alarm, "since"));
    look_at_waits(found, name, json_object_get(t, "waits"));
    look_at_shed(found, name, json_object_get(t, "shed"));
    look_at_pickup(found, name, json_object_get(t, "pickup"));
    look_at_requests(found, name, json_object_get(t, "connections"));
    look_at_rights(found, name, json_object_get(t, "rights"));
    look_at_flows(found, name, json_object_get(t, "flows"));
}

static json_t *look_at_host(json_t *found, const nf_given *given)
{
    nf_error err = {0};
    json_t *status = nf_ask_host_quietly(given, "GET", "/v1/status", NULL, &err);
    size_t i;
    const json_t *tenant;
    if (!status) {
        find(found, "failure", "host", "%s", err.text);
        return NULL;
    }
    find(found, "ok", "host", "version %s answers", nf_json_string(status, "version"));
    if (json_is_true(json_object_get(status, "store_failing")))
        find(found, "failure", "database", "it cannot be written; look at the disk and at the log");
    json_array_foreach (json_object_get(status, "tenants"), i, tenant)
        look_at_tenant(found, tenant);
    return status;
}

static bool is_well(const json_t *found)
{
    size_t i;
    const json_t *finding;
    json_array_foreach (found, i, finding) {
        if (strcmp(nf_json_string(finding, "level"), "failure") == 0)
            return false;
    }
    return true;
}

static int run(const nf_cli *cli, const nf_given *given)
{
    size_t i;
    const json_t *finding;
    (void)cli;
    if (given->arg_count)
        return nf_usage_error("doctor", "takes no arguments");
    json_t *found = json_array();
    if (!nf_given_has(given, "socket"))
        look_at_config(found, nf_given_value(given, "config", "nimflow.yaml"));
    json_t *status = is_well(found) ? look_at_host(found, given) : NULL;
    bool well = is_well(found);
    if (nf_given_has(given, "json")) {
        json_t *answer = json_pack("{s:b, s:O, s:O?}", "well", (int)well, "findings", found,
                                   "tenants", json_object_get(status, "tenants"));
        nf_print_json(answer, true);
        json_decref(answer);
    } else {
        json_array_foreach (found, i, finding)
            printf("%-8s %-14s %s\n", nf_json_string(finding, "level"),
                   nf_json_string(finding, "what"), nf_json_string(finding, "text"));
    }
    json_decref(found);
    json_decref(status);
    return well ? NF_EXIT_OK : NF_EXIT_CONNECTION;
}

static const nf_option options[] = {
    NF_HOST_OPTIONS,
    {"json", NULL, "as JSON, with the status of every tenant", false},
    {0},
};

const nf_command nf_command_doctor = {
    "doctor",
    "[OPTION]...",
    "Look whether a host is well: configuration, disk, connections, flows, alarms.",
    "Exit status 0 when nothing has failed, else 4.",
    options,
    run,
};
