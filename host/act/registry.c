/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c: see registry.h. */
#include "act/registry.h"

#include "act/args.h"
#include "base/json.h"
#include "ou/operation.h"

#include <stdlib.h>
#include <string.h>

static nf_status complain(nf_error *err, const char *binding, const char *what)
{
    return nf_error_set(err, NF_E_ARG, "binding %s: %s", binding ? binding : "(without a name)",
                        what);
}

static bool sentence(const char *doc)
{
    size_t n = doc ? strlen(doc) : 0;
    return n > 1 && doc[n - 1] == '.';
}

static const nf_param *find_param(const nf_param *params, const char *name, size_t len)
{
    for (; params && params->name; params++) {
        if (strlen(params->name) == len && strncmp(params->name, name, len) == 0)
            return params;
    }
    return NULL;
}

static nf_status check_params(const char *binding, const nf_param *params, nf_error *err)
{
    const nf_param *last = params ? params + NF_ARGS_FIELDS : NULL;
    for (; params && params->name; params++) {
        if (params == last)
            return nf_error_set(err, NF_E_ARG,
                                "binding %s: '%s' and what follows are more than %d parameters",
                                binding, params->name, NF_ARGS_FIELDS);
        bool nested = params->type == NF_OBJECT,
             may_nest = params->type == NF_LIST || params->type == NF_NAMED;
        if (!params->doc || !params->doc[0])
            return nf_error_set(err, NF_E_ARG, "binding %s: parameter '%s' has no documentation",
                                binding, params->name);
        if (nested != (params->fields != NULL) && !may_nest)
            return nf_error_set(err, NF_E_ARG,
                                "binding %s: '%s' needs fields exactly if it is an object", binding,
                                params->name);
        nf_status status = check_params(binding, params->fields, err);
        if (status != NF_OK)
            return status;
    }
    return NF_OK;
}

/* Every {name} in a path must be a required parameter, every name of {?a,b} a parameter. */
static nf_status check_path(const nf_action *a, const char *path, nf_error *err)
{
    for (const char *open = path; open && (open = strchr(open, '{'));) {
        bool query = *++open == '?';
        const char *close = strchr(open, '}');
        for (const char *name = open + query; close && name < close;) {
            size_t n = strcspn(name, ",}");
            const nf_param *param = find_param(a->params, name, n);
            if (!param || (!query && !param->required))
                return complain(err, a->name,
                                query ? "every name of {?…} in the path must be a parameter"
                                      : "every {name} of the path must be a required parameter");
            name += n + 1;
        }
        if (!close)
            return complain(err, a->name, "the path has a brace that is not closed");
        open = close;
    }
    return NF_OK;
}

static bool has_flag(const nf_action *a, const char *name)
{
    const nf_param *param = find_param(a->params, name, strlen(name));
    return param && param->type == NF_BOOLEAN && !param->required;
}

/* What only some actions have. */
static bool has_param(const nf_action *a, const char *name)
{
    return find_param(a->params, name, strlen(name)) != NULL;
}

static nf_status check_verify(const nf_action *a, nf_error *err)
{
    const nf_verify *v = a->verify;
    bool good = a->class != NF_READ && v->path && v->mark && has_param(a, v->mark)
                && (!v->due || has_param(a, v->due));
    for (const char *const *name = v->same; good && name && *name; name++)
        good = has_param(a, *name);
    return good ? check_path(a, v->path, err)
                : complain(
                    err, a->name,
                    "verify is for what changes something; its mark, same and due are parameters");
}

static nf_status check_rest(const nf_action *a, nf_error *err)
{
    if (!a->path == !a->start)
        return complain(err, a->name, "either path or start must be set");
    if (a->path && !a->method)
        return complain(err, a->name, "a path needs a method");
    if (a->body && !find_param(a->params, a->body, strlen(a->body)))
        return complain(err, a->name, "body must be one of the parameters");
    if (a->keep_s && (!a->path || strcmp(a->method, "GET") != 0 || !has_flag(a, "refresh")))
        return complain(err, a->name, "keep_s is for a GET with a parameter NF_REFRESH");
    if (a->destroys && !has_flag(a, "confirm"))
        return complain(err, a->name, "an action that destroys needs a parameter NF_CONFIRM");
    nf_status status = check_path(a, a->path, err);
    if (status == NF_OK)
        status = check_path(a, a->spoils, err);
    return status == NF_OK && a->verify ? check_verify(a, err) : status;
}

/* Does the operation exist, and does what decides on it fit to what the binding names? */
static nf_status check_operation(const nf_action *a, nf_error *err)
{
    if ((int)a->operation < 0 || a->operation >= NF_OPERATIONS)
        return complain(err, a->name, "its operation is not one of nf/operation.h");
    if (a->operation == NF_OP_NONE)
        return a->path || a->owner != NF_OWNER_NONE
                   ? complain(err, a->name, "what touches Nimbus must name its operation")
                   : NF_OK;
    bool fits = false;
    switch (nf_operation_info_of(a->operation)->scope) {
    case NF_OU_NOTHING:
        fits = a->owner == NF_OWNER_TENANT;
        break;
    case NF_OU_READ_BOOK:
    case NF_OU_CHANGE_BOOK:
        fits = a->owner == NF_OWNER_BOOK && a->scope_param;
        break;
    default:
        fits = (a->owner == NF_OWNER_TASK || a->owner == NF_OWNER_ENTRY
                || a->owner == NF_OWNER_SERVICE)
               && a->scope_param;
    }
    return fits ? NF_OK
                : complain(err, a->name,
                           "owner and scope_param must say what its operation touches: a service, "
                           "an address book, or the tenant");
}

static nf_status check_action(const nf_action *a, nf_error *err)
{
    if (a->abi != NF_BINDING_ABI)
        return complain(err, a->name, "made for another version of the binding interface");
    if (!a->name || !strchr(a->name, '.'))
        return complain(err, a->name, "the name must be 'module.function'");
    if (!sentence(a->doc))
        return complain(err, a->name, "the documentation must be a sentence with a full stop");
    if (!a->params)
        return complain(err, a->name, "params must be a list, also when it is empty");
    if (a->operation != NF_OP_NONE && find_param(a->params, "retry", 5))
        return complain(err, a->name, "'retry' is a parameter of every action that sends requests");
    if (!a->class || !a->owner)
        return complain(err, a->name, "class and owner must be said, also when there is none");
    if (a->scope_param && !find_param(a->params, a->scope_param, strlen(a->scope_param)))
        return complain(err, a->name, "scope_param must be one of the parameters");
    if (a->class != NF_READ && a->owner != NF_OWNER_NONE && a->owner != NF_OWNER_TENANT
        && !a->scope_param)
        return complain(err, a->name,
                        "an action that writes must name the argument that decides the rights");
    nf_status status = check_operation(a, err);
    if (status == NF_OK)
        status = check_rest(a, err);
    return status == NF_OK ? check_params(a->name, a->params, err) : status;
}

static bool is_filter(const nf_trigger *t, const char *field)
{
    for (const nf_filter *filter = t->filters; filter->name; filter++) {
        if (strcmp(filter->field, field) == 0)
            return true;
    }
    return false;
}

/* The host reads the fields of filters only. */
static nf_status check_urgency(const nf_trigger *t, nf_error *err)
{
    if ((int)t->urgency < 0 || t->urgency >= NF_URGENCIES)
        return complain(err, t->name, "its urgency is not one of nf/binding.h");
    for (const nf_urgency_rule *rule = t->rules; rule && rule->field; rule++) {
        if (!is_filter(t, rule->field) || !rule->value || rule->urgency <= 0
            || rule->urgency >= NF_URGENCIES)
            return complain(err, t->name,
                            "a rule of its urgency needs the field of a filter, a value and an "
                            "urgency");
    }
    if ((t->state && !is_filter(t, t->state)) || !t->state != !t->taken || !t->state != !t->over
        || (t->state && !t->partition))
        return complain(err, t->name,
                        "state must be the field of a filter, and needs taken, over and partition");
    return NF_OK;
}

static nf_status check_trigger(const nf_trigger *t, nf_error *err)
{
    if (t->abi != NF_BINDING_ABI)
        return complain(err, t->name, "made for another version of the binding interface");
    if (!t->name || !strchr(t->name, '.'))
        return complain(err, t->name, "the name must be 'module.function'");
    if (!sentence(t->doc) || !t->source || !t->filters || !t->event)
        return complain(
            err, t->name,
            "documentation with a full stop, source, filters and event fields must be said");
    if ((t->source == NF_FROM_NIMBUS) != (t->subscribe != NULL))
        return complain(err, t->name, "subscribe must be set exactly if events come from Nimbus");
    if ((int)t->operation < 0 || t->operation >= NF_OPERATIONS
        || (t->subscribe
            && (t->operation == NF_OP_NONE || !nf_operation_info_of(t->operation)->trigger)))
        return complain(err, t->name, "a trigger of Nimbus must name its operation");
    nf_status status = check_urgency(t, err);
    if (status == NF_OK)
        status = check_params(t->name, t->options, err);
    return status == NF_OK ? check_params(t->name, t->event, err) : status;
}

static nf_status check_unique(const nf_action *const *actions, nf_error *err)
{
    for (size_t i = 0; actions[i]; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(actions[i]->name, actions[j]->name) == 0)
                return complain(err, actions[i]->name, "the name is used twice");
        }
    }
    return NF_OK;
}

nf_status nf_registry_check(const nf_action *const *actions, const nf_trigger *const *triggers,
                            nf_error *err)
{
    nf_status status = NF_OK;
    for (size_t i = 0; actions[i] && status == NF_OK; i++)
        status = check_action(actions[i], err);
    for (size_t i = 0; triggers[i] && status == NF_OK; i++)
        status = check_trigger(triggers[i], err);
    return status == NF_OK ? check_unique(actions, err) : status;
}

size_t nf_action_count(const nf_action *const *actions)
{
    size_t n = 0;
    while (actions[n])
        n++;
    return n;
}

const nf_trigger *nf_trigger_find(const nf_trigger *const *triggers, const char *name)
{
    for (; *triggers; triggers++) {
        if (strcmp((*triggers)->name, name) == 0)
            return *triggers;
    }
    return NULL;
}

/* ---- the surface ---- */

static json_t *names_json(const nf_param *params)
{
    json_t *names = json_array();
    for (; params && params->name; params++)
        json_array_append_new(names, json_string(params->name));
    return names;
}

static json_t *fields_json(const nf_param *fields)
{
    json_t *object = json_object();
    for (; fields && fields->name; fields++) {
        json_t *value = json_true();
        if (fields->type == NF_OBJECT)
            value = fields_json(fields->fields);
        else if (fields->type == NF_LIST && fields->fields)
            value = json_pack("[o]", fields_json(fields->fields));
        json_object_set_new(object, fields->name, value);
    }
    return object;
}

static json_t *filters_json(const nf_filter *filters)
{
    json_t *names = json_array();
    for (; filters->name; filters++)
        json_array_append_new(names, json_string(filters->name));
    return names;
}

char *nf_registry_surface(const nf_action *const *actions, const nf_trigger *const *triggers)
{
    json_t *action_list = json_array(), *trigger_list = json_array();
    for (; *actions; actions++)
        json_array_append_new(action_list,
                              json_pack("{s:s, s:o, s:i, s:s, s:b}", "name", (*actions)->name,
                                        "params", names_json((*actions)->params), "positional",
                                        (*actions)->positional, "returns",
                                        (*actions)->returns ? (*actions)->returns : "", "several",
                                        (*actions)->several || (*actions)->keep_s));
    for (; *triggers; triggers++) {
        json_t *fields = fields_json((*triggers)->event);
        char *event = nf_json_text(fields);
        json_array_append_new(trigger_list,
                              json_pack("{s:s, s:o, s:o, s:s}", "name", (*triggers)->name,
                                        "filters", filters_json((*triggers)->filters), "options",
                                        names_json((*triggers)->options), "event", event));
        json_decref(fields);
        free(event);
    }
    json_t *surface = json_pack("{s:o, s:o}", "actions", action_list, "triggers", trigger_list);
    char *text = nf_json_text(surface);
    json_decref(surface);
    return text;
}
