/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_units.c: the units of directory.yaml, which must be a tree with one root.
 *
 * Each is written "NAME: the unit above it"; the root, which is the tenant, has none above it.
 */
#include "base/alloc.h"
#include "ou/read.h"

#include <stdlib.h>
#include <string.h>

void nf_ou_read_unit(const nf_ou_reading *r, const nf_yaml *node)
{
    if (node->kind == NF_YAML_LIST) {
        nf_ou_complain(r, node->line, node->column,
                       "%s: a unit has exactly one above it; write one name", node->key);
    } else if (node->kind == NF_YAML_MAP) {
        nf_ou_complain(r, node->line, node->column,
                       "%s: write the name of the unit above it, '%s: Contoso'", node->key,
                       node->key);
    }
    nf_ou_unit *unit = nf_ou_add(r, &r->d->units, node, sizeof *unit);
    if (!unit)
        return;
    unit->wrong = node->kind != NF_YAML_SCALAR;
    if (!unit->wrong && node->text[0])
        unit->above = nf_strdup(node->text);
    unit->above_line = node->line;
    unit->above_column = node->column;
}

static void find_parent(const nf_ou_reading *r, nf_ou_unit *unit)
{
    unit->parent = (nf_ou_unit *)nf_ou_find(r->d->units, unit->above);
    if (unit->parent)
        return;
    unit->wrong = true;
    nf_yaml at = {.text = unit->above, .line = unit->above_line, .column = unit->above_column};
    nf_ou_complain_unknown(r, &at, "unit", r->d->units, "units");
}

static void find_root(nf_ou_reading *r)
{
    for (nf_ou_named *n = r->d->units; n; n = n->hh.next) {
        nf_ou_unit *unit = (nf_ou_unit *)n;
        if (unit->above || unit->wrong)
            continue;
        if (r->root)
            nf_ou_complain(r, n->line, n->column,
                           "'%s' is a second root (the first is '%s' in line %d); write the unit "
                           "above it, '%s: %s'",
                           n->name, r->root->named.name, r->root->named.line, n->name,
                           r->root->named.name);
        else
            r->root = unit;
    }
}

/* The units of a circle, from one of them round to itself again. */
static void complain_circle(const nf_ou_reading *r, const nf_ou_unit *first)
{
    nf_strbuf names = nf_strbuf_new(600);
    const nf_ou_unit *unit = first;
    do {
        nf_strbuf_addf(&names, "%s, ", unit->named.name);
        unit = unit->parent;
    } while (unit != first);
    nf_ou_complain(r, first->named.line, first->named.column,
                   "the units go in a circle: %s%s; one of them must have another above it",
                   nf_strbuf_text(&names), first->named.name);
    nf_strbuf_release(&names);
}

/* Each walk upwards marks what it passes; meeting its own mark again, it has gone round. */
static bool find_circles(const nf_ou_reading *r)
{
    unsigned walk = 0;
    bool any = false;
    for (nf_ou_named *n = r->d->units; n; n = n->hh.next) {
        nf_ou_unit *unit = (nf_ou_unit *)n;
        for (walk++; unit && !unit->mark; unit = unit->parent)
            unit->mark = walk;
        if (unit && unit->mark == walk) {
            complain_circle(r, unit);
            any = true;
        }
    }
    return any;
}

static void fill_path(const nf_ou_reading *r, nf_ou_unit *unit)
{
    const nf_ou_unit *up;
    unsigned depth = 0;
    for (up = unit->parent; up && depth <= NF_OU_DEPTH_MAX; up = up->parent)
        depth++;
    unit->depth = depth;
    if (depth > NF_OU_DEPTH_MAX) {
        nf_ou_complain(r, unit->named.line, unit->named.column,
                       "'%s' is more than %d levels below the root", unit->named.name,
                       NF_OU_DEPTH_MAX);
        return;
    }
    for (up = unit; up; up = up->parent)
        unit->path[depth--] = up;
}

void nf_ou_link_units(nf_ou_reading *r)
{
    nf_ou_named *n;
    for (n = r->d->units; n; n = n->hh.next) {
        if (((nf_ou_unit *)n)->above)
            find_parent(r, (nf_ou_unit *)n);
    }
    find_root(r);
    if (find_circles(r))
        return;
    for (n = r->d->units; n; n = n->hh.next)
        fill_path(r, (nf_ou_unit *)n);
}
