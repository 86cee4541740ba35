/* SPDX-License-Identifier: Apache-2.0 */
/* call.h: the struct behind nf_call, for the files of this layer only. */
#ifndef NF_ACT_CALL_H
#define NF_ACT_CALL_H

#include "act/effect.h"

enum { NF_RESULT_MAX = 3 << 20 }; /* bytes of a result; it must fit into a frame */

struct nf_call {
    const nf_effect_env *env;
    const nf_action *action;
    const nf_effect_owner *owner;
    void *ctx;
    json_t *args;
    bool starting, ended;
    bool put_off; /* a stand-in will answer */
    /* the one operation under way */
    nf_nimbus_request *request;
    nf_timer *timer;
    struct nf_find *find; /* act/lists.h */
    nf_kv_write *kv_write;
    nf_kept_wait *wait;
    nf_contacts_wait *contacts_wait;
    bool asked_again; /* for the list of address books */
    json_t *query;    /* of a look-up of a contact: [field, value] */
    double age_s;     /* of the address book */
    nf_retry retry;   /* what the call says about being repeated */
    const char *method;
    char *path, *body;
    int64_t sent_ms;   /* wall clock, when it went out last */
    unsigned sendings; /* how often it was handed to the connection */
    bool only_verify;  /* nothing is sent but the look whether it took effect */
    bool absent;       /* that look found nothing */
    bool told_refusal; /* `why` is an answer that stands unless an earlier attempt took effect */
    uint64_t first_ns; /* when the first look found nothing; 0: none has */
    void (*on_reply)(nf_call *call, const nf_reply *reply);
    /* of the outcome that is looked for; last: its text is not written before there is one */
    nf_error why;
};

/** End the call with an error, or with JSON text. Everything else goes through here. */
void nf_call_finish(nf_call *call, const nf_error *err, const char *result, size_t len);

/** Check the confirmation, put the id in place of an address book's name, and start. */
void nf_call_begin(nf_call *call);

/** A request that changes something has ended, or will not be waited for: what it made wrong is forgotten. */
void nf_call_spoil(nf_call *call);

/** The answer that a dry run gives instead of asking Nimbus: true when it did. */
bool nf_call_dry(nf_call *call);

/** Is there a stand-in that takes the call over? Then the call is not the caller's any more. */
bool nf_call_stood_in(nf_call *call);

/** What its requests go out on: the run's word, and over it the call's. */
nf_nimbus_terms nf_call_terms(const nf_call *call);

/** Hand the request to the connection, also once more. */
void nf_call_send(nf_call *call);

/**
 * Whether it took effect is not known, because of `why`: find out if the action can be verified, else end it with
 * NF_E_UNKNOWN and all that a person needs (verify.c).
 */
void nf_call_find_out(nf_call *call, const nf_error *why);

/** A path with its {names} filled in from the arguments, owned by the caller; NULL when it gets too long (rest.c). */
char *nf_call_fill(const char *template, const json_t *args);

/** The call does not want its row any more, or the end of its write. */
void nf_call_forget_find(nf_call *call);
void nf_call_forget_kv(nf_call *call);

#endif
