/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h: what one run asked of the world and what came of it, while the run is in memory.
 *
 * A run that starts anew (its worker died, the host was restarted, it slept) asks the same again, since it is
 * deterministic given the same results in the same order. What is recorded is answered from here, in the order of its
 * turns; only then does the world see it.
 *
 * Invariant: `order` holds the entries with a turn, by their turn; the first `given` of them were sent to the worker in
 * this attempt.
 */
#ifndef NF_RUN_JOURNAL_H
#define NF_RUN_JOURNAL_H

#include "base/strbuf.h"
#include "nf/binding.h"
#include "store/store.h"

struct nf_run;

/** One effect. Shared by the journal and writes on their way; never changed once it was written. */
typedef struct nf_entry {
    unsigned refs;
    struct nf_run *run; /* NULL: it is gone */
    const nf_action *action;
    nf_entry_row row; /* its texts are the entry's own; `hash` only if `hashed` */
    bool hashed;
    bool asked;   /* in this attempt */
    bool durable; /* the run may have it */
    bool lacking; /* its action is not in this program */
} nf_entry;

/** See store.h; counts who needs it: the journal and each write on its way. */
typedef struct nf_counted_mark {
    nf_journal_mark mark;
    unsigned refs;
} nf_counted_mark;

typedef struct nf_journal {
    nf_entry **entries, **order; /* by number - 1, NULL: none; by turn - 1 */
    uint32_t room, highest;      /* of entries: allocated, and the highest number there is */
    uint32_t turns, given, order_room;
    uint32_t written; /* so many turns were handed to the store */
    int64_t began_ms; /* the time that the run was given at its start; 0: not started */
    size_t bytes;     /* of results and arguments */
    nf_counted_mark *mark;
} nf_journal;

/** The mark of a journal, for a write that may outlive the run; and the end of that. */
nf_counted_mark *nf_mark_ref(nf_counted_mark *mark);
void nf_mark_unref(nf_counted_mark *mark);

/** An empty journal. Owned by the caller. */
nf_journal *nf_journal_new(void);

/** Free it; entries that are being written stay until then. NULL is allowed. */
void nf_journal_free(nf_journal *journal);

/** Take over an entry that was read from the store; call nf_journal_recalled after the last one. */
void nf_journal_recall(nf_journal *journal, const nf_action *const *actions,
                       const nf_entry_row *row);
void nf_journal_recalled(nf_journal *journal, struct nf_run *run);

/** The entry of an effect, or NULL. Borrowed. */
nf_entry *nf_journal_find(const nf_journal *journal, uint32_t number);

/**
 * Record an effect, in place of what there was under its number. With a state that is a result it gets the next turn.
 * All texts are copied. Borrowed until it is replaced.
 */
nf_entry *nf_journal_put(nf_journal *journal, struct nf_run *run, const nf_action *action,
                         const nf_entry_row *row);

/** Nobody has been given anything: the run starts anew. */
void nf_journal_rewind(nf_journal *journal);

/** The entry whose turn it is, if the run has asked for it and may have it; NULL: none. */
nf_entry *nf_journal_next(nf_journal *journal);

/** Is it the same effect, with the same arguments? */
bool nf_entry_fits(nf_entry *entry, const nf_action *action, const char *args, size_t len);

/** When the run asked for it, in ns since its start, as the timeline says. */
uint64_t nf_entry_started_ns(const nf_entry *entry);

/** The first effect on record that the run has not asked for in this attempt, or NULL. */
const nf_entry *nf_journal_unasked(const nf_journal *journal);

/** Hand to the store what was not yet, in the order of the turns. */
void nf_journal_flush(nf_store *store, nf_journal *journal);

/**
 * Write an entry, behind all that was recorded before; its `durable` is set when it is, then `then` is called, unless
 * the run is gone.
 */
void nf_journal_write(nf_store *store, nf_journal *journal, nf_entry *entry,
                      void (*then)(nf_entry *entry, const nf_error *err));

/** The effects as the history has them: JSON objects with commas between, in the order of their numbers. */
void nf_journal_timeline(const nf_journal *journal, nf_strbuf *out);

#endif
