/* SPDX-License-Identifier: Apache-2.0 */
/* question.h: one question of questions.h on its way: asked on the loop, worked on by a thread, answered there. */
#ifndef NF_STORE_QUESTION_H
#define NF_STORE_QUESTION_H

#include "store/internal.h"
#include "store/questions.h"

enum {
    NF_IDS_AT_A_TIME = 50000, /* that one statement looks at; the clock is looked at in between */
    NF_LOOK_MS = 30,          /* and no further after so long */
};

typedef struct nf_question {
    uv_work_t work;
    nf_store *store;
    nf_run_query query;
    int64_t id;
    char *tenant, *handler, *flow, *what;
    void (*ask)(struct nf_question *q);
    json_t *rows;
    nf_error err;
    nf_store_answer *answer;
    void *ctx;
} nf_question;

/** Ask: `asked` is copied with its texts; `ask` runs on another thread and leaves rows or err. */
void nf_question_ask(nf_store *store, void (*ask)(nf_question *q), const nf_question *asked,
                     nf_store_answer *answer, void *ctx);

/** A wall clock time as text, or null for 0. A new reference. */
json_t *nf_question_time(int64_t ms);

/**
 * What every answer says of a run; the statement begins with NF_RUN_COLUMNS, of tables r (run), e (event), d
 * (run_detail), m (dismissed). A new reference.
 */
#define NF_RUN_COLUMNS                                                                             \
    "r.id, r.event, r.tenant, r.handler, r.file, r.version, r.outcome, r.started, r.ended,"        \
    " max(r.attempts, 0), e.received, e.duplicates, d.detail, r.state, r.wake, r.replay_of, m.at," \
    " m.who"
#define NF_RUN_JOINS                                                                               \
    " LEFT JOIN event e ON e.id = r.event LEFT JOIN run_detail d ON d.run = r.id"                  \
    " LEFT JOIN dismissed m ON m.run = r.id"
enum { NF_RUN_COLUMN_DETAIL = 12, NF_RUN_COLUMN_COUNT = 18 };
json_t *nf_question_run(sqlite3_stmt *s);

/** One number that a statement gives, or `otherwise`; `bound` is its only parameter. */
int64_t nf_question_number(nf_question *q, const char *sql, int64_t bound, int64_t otherwise);

/** The first event id whose event was received at `ms` or later: ids grow with time. INT64_MAX: none. */
int64_t nf_question_id_at(nf_question *q, int64_t ms);

#endif
