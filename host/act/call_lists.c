/* SPDX-License-Identifier: Apache-2.0 */
/* call_lists.c: nf_call_find_row: a look-up as an effect. The row goes to the worker as the text it is kept as. */
#include "act/call.h"
#include "act/lists.h"
#include "base/strbuf.h"

enum { LONGEST_ROW = 1 << 20 };

static void on_found(void *ctx, const nf_error *err, const nf_list_match *match)
{
    nf_call *call = ctx;
    call->find = NULL;
    if (err || !match->row) {
        nf_call_finish(call, err, NULL, 0);
        return;
    }
    nf_strbuf result = nf_strbuf_new(LONGEST_ROW + 64);
    nf_strbuf_reserve(&result, match->row_len < LONGEST_ROW ? match->row_len + 64 : 0);
    nf_strbuf_puts(&result, "{\"row\":");
    nf_strbuf_add(&result, match->row, match->row_len);
    nf_strbuf_puts(&result, ",\"matches\":");
    nf_strbuf_add_u64(&result, match->matches);
    nf_strbuf_puts(&result, "}");
    if (result.overflow)
        nf_call_reject(call, NF_E_LIMIT, "%s: the row is larger than %d bytes", call->action->name,
                       LONGEST_ROW);
    else
        nf_call_finish(call, NULL, result.bytes, result.len);
    nf_strbuf_release(&result);
}

void nf_call_find_row(nf_call *call, const char *file, const char *column, const json_t *value,
                      const char *table, const char *sheet)
{
    nf_list_query query = {
        .file = file, .column = column, .value = value, .table = table, .sheet = sheet};
    if (!call->env->lists) {
        nf_call_reject(call, NF_E_UNSUPPORTED, "%s: there is no folder of lists here",
                       call->action->name);
        return;
    }
    nf_find *find = nf_lists_find(call->env->lists, &query, on_found, call);
    if (find) /* otherwise the call has ended already */
        call->find = find;
}

void nf_call_forget_find(nf_call *call)
{
    nf_lists_forget(call->find);
    call->find = NULL;
}
