/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf_decide.c: nf-decide, how long the decision on one event takes: which listeners want it, and may they have it.
 *
 *   nf-decide FLOWS SERVICES DEPTH
 *
 * Each flow hears one service, so each has a subscription of its own; the events come to one after the other. Prints
 * {"decision_us": …}, the best of several passes, and how many listeners were allowed.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "tenant/index.h"
#include "tenant/rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS = 200000, PASSES = 7, MOST_FLOWS = 10000 };

static const nf_filter filters[] = {{"services", "serviceUPN", "services", "/s", true, "x", NULL},
                                    {"events", "event", "events", "/e", true, "x", NULL},
                                    {0}};
static const nf_trigger trigger = {.name = "nimbus.on_task",
                                   .filters = filters,
                                   .partition = "taskId",
                                   .owner = "serviceUPN",
                                   .operation = NF_OP_TASK_TRIGGER};

static nf_handler handlers[MOST_FLOWS];
static nf_listener listeners[MOST_FLOWS], *all[MOST_FLOWS];
static nf_subscription subscriptions[MOST_FLOWS];
static nf_connection connection;
/* all of it lives until the program ends */
static nf_loop loop;
static nf_rights *rights;
static nf_index *index_of_all;
static nf_event *events;

static char **list_of(const char *value)
{
    char **list = nf_alloc(2 * sizeof *list);
    list[0] = nf_strdup(value);
    return list;
}

static void make_flow(int i, int services)
{
    char *service = nf_format("service-%03d@contoso.example", i % services);
    handlers[i] = (nf_handler){.trigger = &trigger, .name = nf_format("flow %d", i)};
    listeners[i] = (nf_listener){
        .handler = &handlers[i],
        .connection = &connection,
        .values = {list_of(service), list_of("SystemAccepted")},
        .counts = {1, 1},
        .registration = nf_format("{\"flow\":%d,\"services\":[\"%s\"]}", i, service),
    };
    all[i] = &listeners[i];
    subscriptions[i] = (nf_subscription){.id = i + 1,
                                         .trigger = &trigger,
                                         .filter = listeners[i].registration,
                                         .owner = &connection};
    free(service);
}

/* A chain of units; the services are spread over it, the user stands at its end and owns them all. */
static void write_directory(const char *path, int services, int depth)
{
    FILE *file = fopen(path, "w");
    if (!file)
        exit(1);
    fputs("units:\n  U0:\n", file);
    for (int i = 1; i <= depth; i++)
        fprintf(file, "  U%d: U%d\n", i, i - 1);
    fprintf(file, "users:\n  owner@contoso.example: {role: Service Owner, unit: U%d}\n", depth);
    for (int i = 0; i < 500; i++)
        fprintf(file, "  user-%d@contoso.example: {role: User, unit: U%d}\n", i, i % (depth + 1));
    fputs("services:\n", file);
    for (int i = 0; i < services; i++)
        fprintf(file,
                "  service-%03d@contoso.example: {unit: U%d, licence: CC, owners: "
                "[owner@contoso.example]}\n",
                i, i % (depth + 1));
    fclose(file);
}

static nf_event make_event(int i)
{
    char task[40];
    snprintf(task, sizeof task, "00000000-0000-4000-8000-%012d", i);
    nf_event event = {.trigger = &trigger};
    event.partition = nf_strdup(task);
    event.values[0] = listeners[i].values[0][0];
    event.values[1] = listeners[i].values[1][0];
    event.owner = event.values[0];
    return event;
}

static size_t decide(const nf_subscription *s, const nf_event *event)
{
    nf_group group = nf_index_find(index_of_all, s);
    size_t allowed = 0;
    nf_rights_see(rights, event);
    for (size_t i = 0; i < group.count; i++) {
        const nf_listener *l = group.listeners[i];
        allowed += nf_listener_wants(l, event, NULL)
                   && nf_rights_permit(rights, connection.upn, l->handler->name, event);
    }
    return allowed;
}

int main(int argc, char **argv)
{
    int flows = argc == 4 ? atoi(argv[1]) : 0, services = argc == 4 ? atoi(argv[2]) : 0;
    char folder[] = "/tmp/nf-decide-XXXXXX";
    if (flows < 1 || flows > MOST_FLOWS || services < 1 || !mkdtemp(folder))
        return 2;
    char *path = nf_format("%s/directory.yaml", folder);
    nf_tenant_config config = {.name = "bench", .dir = folder};
    nf_error err = {0};
    nf_fates *fates = nf_fates_new();
    write_directory(path, services, atoi(argv[3]));
    if (nf_loop_open(&loop, &err) != NF_OK
        || nf_rights_open(&loop, &config, fates, &rights, &err) != NF_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    connection.upn = nf_strdup("owner@contoso.example");
    for (int i = 0; i < flows; i++)
        make_flow(i, services);
    index_of_all = nf_index_new();
    nf_index_build(index_of_all, all, (size_t)flows);
    events = nf_alloc((size_t)flows * sizeof *events);
    for (int i = 0; i < flows; i++)
        events[i] = make_event(i);
    double best = 0;
    size_t allowed = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        uint64_t start = nf_clock_ns();
        allowed = 0;
        for (int i = 0; i < EVENTS; i++) {
            int at = (int)((unsigned)i * 7919U % (unsigned)flows);
            allowed += decide(&subscriptions[at], &events[at]);
        }
        double us = (double)(nf_clock_ns() - start) / 1000 / EVENTS;
        best = pass == 0 || us < best ? us : best;
    }
    printf("{\"flows\": %d, \"decision_us\": %.3f, \"events\": %d, \"allowed\": %zu}\n", flows,
           best, EVENTS, allowed);
    unlink(path);
    rmdir(folder);
    free(path);
    return allowed == EVENTS ? 0 : 1;
}
