/* SPDX-License-Identifier: Apache-2.0 */
/* call.h: the struct behind nf_call, for the files of this layer only. */
#ifndef NF_ACT_CALL_H
#define NF_ACT_CALL_H

#include "act/effect.h"

struct nf_call {
    const nf_effect_env *env;
    const nf_action *action;
    const nf_effect_owner *owner;
    void *ctx;
    json_t *args;
    bool starting, ended;
    /* the one operation under way */
    nf_nimbus_request *request;
    nf_timer *timer;
    struct nf_find *find; /* act/lists.h */
    nf_kv_write *kv_write;
    const char *method;
    char *path;
    void (*on_reply)(nf_call *call, const nf_reply *reply);
};

/** End the call with an error, or with JSON text. Everything else goes through here. */
void nf_call_finish(nf_call *call, const nf_error *err, const char *result, size_t len);

/** The call does not want its row any more, or the end of its write. */
void nf_call_forget_find(nf_call *call);
void nf_call_forget_kv(nf_call *call);

#endif
