/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_turns.h: whose request goes out next, when several owners want the links of one host.
 *
 * Each owner has a line of its own. The next one is the first of the line whose owner has the fewest busy links for its
 * weight; with equal ones they take turns. One owner alone gets three quarters of the links at most, so that a newcomer
 * need not wait until the other's slow requests end.
 */
#ifndef NF_NET_HTTP_TURNS_H
#define NF_NET_HTTP_TURNS_H

#include "net/http_client.h"

/** A request's place: in its owner's line, or among the busy. Embedded in the request. */
typedef struct nf_turn {
    struct nf_turn_line *line;
    struct nf_turn *prev, *next;
} nf_turn;

/** The lines for one host. */
typedef struct nf_turns {
    struct nf_turn_line *lines;
    unsigned links; /* most at a time */
} nf_turns;

/** Last in the line of `owner` (NULL: of those who have none). */
void nf_turns_add(nf_turns *turns, nf_turn *turn, const nf_http_share *owner);

/** Whose turn is it? NULL: nobody waits who may be served. It stays in its line. */
nf_turn *nf_turns_next(nf_turns *turns);

/** The first that waits, whether it may be served or not, or NULL. */
nf_turn *nf_turns_first(const nf_turns *turns);

/** How many could be served now, counted up to `most`. */
unsigned nf_turns_ready(const nf_turns *turns, unsigned most);

/** It leaves its line for a link; then it leaves the link, for good or to be first in its line again. */
void nf_turns_take(nf_turns *turns, nf_turn *turn);
void nf_turns_end(nf_turns *turns, nf_turn *turn);
void nf_turns_again(nf_turns *turns, nf_turn *turn);

/** It leaves its line without having been served. */
void nf_turns_leave(nf_turns *turns, nf_turn *turn);

#endif
