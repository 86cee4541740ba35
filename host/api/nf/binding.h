/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nf/binding.h: what one file in bindings/ declares.
 *
 * A descriptor is data. From it the host derives the checks of arguments, the rights check, limits, the dry run, the
 * record in the history, the reference of the Lua interface and the annotations for editors. Arguments and results are
 * JSON; a binding never sees a Lua state. Adding a file is the whole registration: bindings/actions/NAME.c must define
 * NF_ACTION(NAME), bindings/triggers/NAME.c must define NF_TRIGGER(NAME).
 */
#ifndef NF_API_BINDING_H
#define NF_API_BINDING_H

#include "nf/alarm.h"
#include "nf/call.h"
#include "nf/error.h"
#include "nf/operation.h"
#include "nf/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nf_type {
    NF_STRING = 1, /* a string that is an identifier: taken as it is */
    NF_TEXT, /* plain text for people: numbers and booleans are converted; markup and control characters refused */
    NF_INTEGER,
    NF_NUMBER,
    NF_BOOLEAN,
    NF_OBJECT, /* named fields, listed in `fields` */
    NF_LIST,   /* items; `fields` are those of an item, or NULL for a list of texts */
    NF_NAMED, /* a map of name to text; on the wire a list of {name, value}, which is taken too; `fields` are those
                  two with their limits, or NULL */
    NF_VALUE, /* any JSON value */
    NF_FUNCTION, /* triggers only: the handler */
    NF_UPN,      /* the sign-in name of a service or user: name@domain */
    NF_TIME, /* a moment in UTC: text like 2020-03-23T11:00:00Z, or a number of seconds since 1970 */
    NF_BOOK, /* an address book by id or name; the binding gets the id */
} nf_type;

/** The name of the only field of an item when a list holds texts of its own type and limits. */
#define NF_ITEM "[]"

/** One parameter of an action, field of an object, or field of an event. A list of them ends with {0}. */
typedef struct nf_param {
    const char *name; /* spelled as the API spells it */
    nf_type type;
    bool required;
    const char *doc;               /* one sentence without a full stop */
    const struct nf_param *fields; /* of NF_OBJECT and of the items of NF_LIST; else NULL */
    size_t max; /* longest text in characters, most items; 0: no limit of its own */
    int64_t least,
        most; /* range of NF_INTEGER, 0, 0: any; of NF_LIST `least` is the fewest items */
} nf_param;

/** What repeating an effect can do; decides what must be durable before it is sent. */
typedef enum nf_class {
    NF_READ = 1, /* changes nothing */
    NF_SAFE,     /* doing it twice is the same as once */
    NF_UNSAFE,   /* doing it twice is wrong */
} nf_class;

/** Whose organization unit decides whether an action is allowed. */
typedef enum nf_owner {
    NF_OWNER_NONE = 1, /* nothing of Nimbus is touched */
    NF_OWNER_TASK,     /* the task's service; scope_param names the argument with the task's id */
    NF_OWNER_SERVICE,  /* scope_param names the argument with the service's UPN */
    NF_OWNER_TENANT,   /* the connection as a whole */
    NF_OWNER_ENTRY, /* the service of a scheduler entry, external task or session: scope_param names the argument with
                       its id; an argument serviceUpn, if there is one, says the service of an id not seen before */
    NF_OWNER_BOOK, /* scope_param names the argument with the address book */
} nf_owner;

/**
 * How to find out whether a request with an unknown outcome took effect: a GET that lists what there is. What is in the
 * list with the caller's own mark is ours; what is not there was not made. Only for what the API promises: a wrong
 * guess does something twice or never.
 */
typedef struct nf_verify {
    const char *path; /* of the GET, as nf_action.path; it answers a JSON list */
    const char *
        mark; /* an argument that is also a field of the items: by its value callers know their own. When it is
                         not given, an item that is alike leaves the outcome unknown */
    const char *const
        *same; /* further arguments that are fields of the items, ends with NULL; or NULL */
    const char *
        due; /* the argument and field with a time that an item keeps and after which it may have left the list;
                        NULL: none leaves */
    bool partial; /* the list need not have everything: that it is not there proves nothing */
} nf_verify;

/** One action: a function in Lua, one effect when it is called. */
typedef struct nf_action {
    int abi;           /* NF_BINDING_ABI */
    const char *name;  /* in Lua, e.g. "nimbus.tasks.update" */
    const char *title; /* the name of the Power Automate action, or NULL */
    const char *doc;   /* one sentence with a full stop */
    const nf_param *params;
    int positional; /* so many leading params are positional in Lua; a last table gives the rest by name */
    const char *returns;    /* what comes back, for the reference: "boolean", "row or nil" */
    nf_operation operation; /* of Nimbus; decides with the role of the connection's user */
    nf_class class;
    nf_owner owner;
    const char *scope_param;
    bool several;       /* the result is a JSON list; its items are the results in Lua */
    const char *sample; /* JSON that a dry run gives in place of an answer; NULL: nil */
    /*
     * A REST action. {name} in the path is a required argument; {?a,b} at its end are arguments for the query, where a
     * list is joined with commas. Of PUT, POST and PATCH the other arguments are the body, or `body` names the one
     * that is the whole body.
     */
    const char *method, *path, *body;
    /* Read the answer; NULL: 2xx resolves with its JSON, anything else rejects. */
    void (*on_reply)(nf_call *call, const nf_reply *reply);
    /* A GET: the answer may be given again for so many seconds; needs an argument `refresh`, NF_REFRESH. The second
     * result in Lua is its age in seconds. */
    unsigned keep_s;
    /* A path with {name}s, as some GET that is kept: what it answered is no longer true when this one was sent. */
    const char *spoils;
    /* It destroys what cannot be brought back: needs an argument `confirm`, NF_CONFIRM. The call must say confirm =
     * true, or the flow's trigger must list the action in `permissions`. */
    bool destroys;
    /* It changes what the person sees who takes the task: host and admin want to know whether it came in time. */
    bool context;
    /* How an unknown outcome is found out; NULL: it cannot be. Of NF_SAFE: used when a repeated request is refused, to
     * see whether that is because an earlier attempt had taken effect. */
    const nf_verify *verify;
    /* NF_UNSAFE: where a person sees whether it took effect, for the error: "the entries of the service"; or NULL */
    const char *look;
    /* More than REST: called with checked arguments; see nf/call.h. Exactly one of path and start is set. */
    void (*start)(nf_call *call, const json_t *args);
} nf_action;

/** One filter of a trigger: which field of the event it compares, and where Nimbus lists its values. */
typedef struct nf_filter {
    const char *name;  /* in Lua, e.g. "services" */
    const char *field; /* of the event, e.g. "serviceUPN" */
    const char *wire;  /* in the registration, e.g. "services"; NULL: compared in the host only */
    const char *
        list; /* GET path that lists the values: strings, or objects {name, value}; NULL: any text */
    bool
        required; /* must the registration carry at least one value? ("*" then stands for all listed) */
    const char *doc;
    const char *const
        *choices; /* without a list: the values there are, ends with NULL; NULL: any */
} nf_filter;

/** Where the events of a trigger come from. */
typedef enum nf_source {
    NF_FROM_NIMBUS = 1, /* notifications of a subscription (`subscribe`) */
    NF_FROM_SCHEDULE,   /* times; options interval or schedule, zone, catch_up */
    NF_FROM_WEBHOOK,    /* signed requests of other systems; options path, secret, scheme, header */
    NF_FROM_PERSON,     /* started by hand */
    NF_FROM_FAILURE,    /* a run of another handler that failed */
    NF_FROM_ALARM,      /* an alarm of this host */
} nf_source;

/** How urgent what an event starts is: what a person waits for comes first. */
typedef enum nf_urgency {
    NF_URGENCY_CALL = 1, /* somebody is on the line */
    NF_URGENCY_CHAT,     /* somebody waits at a screen */
    NF_URGENCY_MAIL,     /* nobody waits for the second */
    NF_URGENCY_BATCH,    /* any time will do */
    NF_URGENCIES,
} nf_urgency;

/** One rule: with this value in this field of a filter, an event is at most so urgent. */
typedef struct nf_urgency_rule {
    const char *field, *value;
    nf_urgency urgency;
} nf_urgency_rule;

/** One trigger: a function in Lua that declares a handler at load time. Data only. */
typedef struct nf_trigger {
    int abi;
    const char *name;  /* in Lua, e.g. "nimbus.on_task" */
    const char *title; /* the name of the Power Automate trigger, or NULL */
    const char *doc;
    nf_source source;
    const nf_param
        *options; /* further fields of the declaration, checked like arguments; or NULL */
    const nf_filter *filters; /* ends with {0} */
    const nf_param
        *event; /* the fields of the notification; unknown ones are refused in a script */
    const char *partition;  /* the field whose value orders events, e.g. "taskId"; NULL: no order */
    const char *owner;      /* the field that names the service, e.g. "serviceUPN", or NULL */
    nf_operation operation; /* decides with the role of the connection's user */
    const char
        *repeats; /* a field that, when set, makes equal notifications in a row normal, or NULL */
    const char *subscribe; /* POST path of the registration; DELETE path/{id} ends it */
    nf_urgency urgency; /* of its events; of all `rules` that hold, the least urgent one counts */
    const nf_urgency_rule *rules; /* ends with {0}, or NULL */
    /* Of events that belong to a task: the filter's field that says what happened, and its values that mean that a
     * person has taken the task, and that the task is over; both lists end with NULL. Without: NULL. */
    const char *state;
    const char *const *taken, *const *over;
} nf_trigger;

/** The parameters that keep_s and destroys need. */
#define NF_REFRESH                                                                                 \
    {                                                                                              \
        "refresh", NF_BOOLEAN, false, "true: ask Nimbus again, however young the kept answer is",  \
            NULL, 0, 0, 0                                                                          \
    }
#define NF_CONFIRM                                                                                 \
    {                                                                                              \
        "confirm", NF_BOOLEAN, false, "true: really do it", NULL, 0, 0, 0                          \
    }

#define NF_ACTION(symbol)                                                                          \
    extern const nf_action nf_action_##symbol;                                                     \
    const nf_action nf_action_##symbol
#define NF_TRIGGER(symbol)                                                                         \
    extern const nf_trigger nf_trigger_##symbol;                                                   \
    const nf_trigger nf_trigger_##symbol

#endif
