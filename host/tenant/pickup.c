/* SPDX-License-Identifier: Apache-2.0 */
/* pickup.c: see pickup.h. Invariant: `order` has the same tasks as `tasks`, the one heard of longest ago first. */
#include "tenant/pickup.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct service {
    nf_pickup_row row;
    char *name;
    UT_hash_handle hh;
};

struct task {
    char *id;
    struct service *service; /* once it is known to be a call */
    bool context, taken, over;
    struct task *prev, *next; /* in `order` */
    UT_hash_handle hh;
};

struct nf_pickup {
    struct task *tasks, *order;
    struct service *services;
};

nf_pickup *nf_pickup_new(void)
{
    return nf_alloc(sizeof(nf_pickup));
}

static void drop_task(nf_pickup *p, struct task *task)
{
    HASH_DEL(p->tasks, task);
    DL_DELETE(p->order, task);
    free(task->id);
    free(task);
}

void nf_pickup_free(nf_pickup *p)
{
    struct service *service, *next;
    if (!p)
        return;
    while (p->order)
        drop_task(p, p->order);
    HASH_ITER (hh, p->services, service, next) {
        HASH_DEL(p->services, service);
        free(service->name);
        free(service);
    }
    free(p);
}

static struct task *task_of(const nf_pickup *p, const char *id)
{
    struct task *task;
    HASH_FIND_STR(p->tasks, id, task);
    return task;
}

static struct task *hear_of(nf_pickup *p, const char *id)
{
    struct task *task = task_of(p, id);
    if (task) {
        DL_DELETE(p->order, task);
    } else {
        if (HASH_COUNT(p->tasks) >= NF_PICKUP_TASKS)
            drop_task(p, p->order);
        task = nf_alloc(sizeof *task);
        task->id = nf_strdup(id);
        HASH_ADD_KEYPTR(hh, p->tasks, task->id, strlen(task->id), task);
    }
    DL_APPEND(p->order, task);
    return task;
}

static struct service *service_of(nf_pickup *p, const char *name)
{
    struct service *service;
    if (HASH_COUNT(p->services) >= NF_PICKUP_SERVICES) {
        HASH_FIND_STR(p->services, name, service);
        if (service)
            return service;
        name = "";
    }
    HASH_FIND_STR(p->services, name, service);
    if (service)
        return service;
    service = nf_alloc(sizeof *service);
    service->row.service = service->name = nf_strdup(name);
    HASH_ADD_KEYPTR(hh, p->services, service->name, strlen(service->name), service);
    return service;
}

void nf_pickup_event(nf_pickup *p, const nf_event *event)
{
    if (!event->trigger->state || !event->partition || !*event->partition)
        return;
    struct task *task = hear_of(p, event->partition);
    task->over = task->over || nf_event_over(event);
    if (nf_event_taken(event)) {
        if (task->service && !task->taken) {
            task->service->row.taken++;
            task->service->row.in_time += task->context;
        }
        task->taken = true;
    } else if (!task->taken && event->owner && nf_event_urgency(event) == NF_URGENCY_CALL) {
        task->service = service_of(p, event->owner); /* the last one, after a transfer */
    }
}

void nf_pickup_context(void *pickup, const char *id)
{
    struct task *task = task_of(pickup, id);
    if (!task || task->context)
        return;
    task->context = true;
    if (task->service && task->taken)
        task->service->row.late++;
}

bool nf_pickup_over(void *pickup, const char *id)
{
    const struct task *task = task_of(pickup, id);
    return task && task->over;
}

void nf_pickup_each(const nf_pickup *p, void (*each)(void *ctx, const nf_pickup_row *row),
                    void *ctx)
{
    for (const struct service *service = p->services; service; service = service->hh.next)
        each(ctx, &service->row);
}

static void add_row(void *ctx, const nf_pickup_row *row)
{
    if (row->taken)
        json_array_append_new(ctx,
                              json_pack("{s:s, s:I, s:I, s:I, s:i}", "service", row->service,
                                        "taken", (json_int_t)row->taken, "with_context",
                                        (json_int_t)row->in_time, "late", (json_int_t)row->late,
                                        "percent", (int)(row->in_time * 100 / row->taken)));
}

json_t *nf_pickup_json(const nf_pickup *p)
{
    json_t *list = json_array();
    nf_pickup_each(p, add_row, list);
    return list;
}
