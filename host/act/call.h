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
    const char *method;
    char *path, *body;
    void (*on_reply)(nf_call *call, const nf_reply *reply);
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

/** The call does not want its row any more, or the end of its write. */
void nf_call_forget_find(nf_call *call);
void nf_call_forget_kv(nf_call *call);

#endif
