/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_turns.c: see http_turns.h. There are as many lines as owners have requests: tens, so they are looked through.
 * Invariant: a line without requests, waiting or busy, does not exist.
 */
#include "net/http_turns.h"

#include "base/alloc.h"
#include "base/macros.h"

#include <stdlib.h>
#include <utlist.h>

typedef struct nf_turn_line {
    const nf_http_share *owner;
    nf_turn *waiting;
    unsigned busy;
    struct nf_turn_line *prev, *next;
} nf_turn_line;

static unsigned weight_of(const nf_turn_line *line)
{
    return line->owner && line->owner->weight ? line->owner->weight : 100;
}

static unsigned most_for_one(const nf_turns *turns)
{
    return turns->links < 4 ? turns->links : turns->links - turns->links / 4;
}

static void drop_if_empty(nf_turns *turns, nf_turn_line *line)
{
    if (line->waiting || line->busy)
        return;
    DL_DELETE(turns->lines, line);
    free(line);
}

void nf_turns_add(nf_turns *turns, nf_turn *turn, const nf_http_share *owner)
{
    nf_turn_line *line;
    DL_FOREACH (turns->lines, line) {
        if (line->owner == owner)
            break;
    }
    if (!line) {
        line = nf_alloc(sizeof *line);
        line->owner = owner;
        DL_APPEND(turns->lines, line);
    }
    turn->line = line;
    DL_APPEND(line->waiting, turn);
}

/* Fewer busy links for its weight? */
static bool before(const nf_turn_line *a, const nf_turn_line *b)
{
    return a->busy * weight_of(b) < b->busy * weight_of(a);
}

nf_turn *nf_turns_next(nf_turns *turns)
{
    nf_turn_line *line, *best = NULL;
    DL_FOREACH (turns->lines, line) {
        if (line->waiting && line->busy < most_for_one(turns) && (!best || before(line, best)))
            best = line;
    }
    return best ? best->waiting : NULL;
}

nf_turn *nf_turns_first(const nf_turns *turns)
{
    const nf_turn_line *line;
    DL_FOREACH (turns->lines, line) {
        if (line->waiting)
            return line->waiting;
    }
    return NULL;
}

unsigned nf_turns_ready(const nf_turns *turns, unsigned most)
{
    const nf_turn_line *line;
    const nf_turn *turn;
    unsigned ready = 0;
    DL_FOREACH (turns->lines, line) {
        unsigned room = most_for_one(turns) - NF_MIN(line->busy, most_for_one(turns));
        DL_FOREACH (line->waiting, turn) {
            if (room == 0 || ready == most)
                break;
            room--;
            ready++;
        }
    }
    return ready;
}

void nf_turns_take(nf_turns *turns, nf_turn *turn)
{
    nf_turn_line *line = turn->line;
    DL_DELETE(line->waiting, turn);
    line->busy++;
    DL_DELETE(turns->lines, line); /* among equals the others come first now */
    DL_APPEND(turns->lines, line);
}

void nf_turns_end(nf_turns *turns, nf_turn *turn)
{
    turn->line->busy--;
    drop_if_empty(turns, turn->line);
}

void nf_turns_again(nf_turns *turns, nf_turn *turn)
{
    (void)turns;
    turn->line->busy--;
    DL_PREPEND(turn->line->waiting, turn);
}

void nf_turns_leave(nf_turns *turns, nf_turn *turn)
{
    DL_DELETE(turn->line->waiting, turn);
    drop_if_empty(turns, turn->line);
}
