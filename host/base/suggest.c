/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.c: the error text around nf_suggest. */
#include "base/suggest.h"

#include "base/strbuf.h"

nf_status nf_suggest_error(nf_error *err, nf_status status, const char *what, const char *word,
                           const char *const *candidates)
{
    const char *meant = nf_suggest(word, candidates);
    if (meant)
        return nf_error_set(err, status, "unknown %s '%s'; did you mean '%s'?", what, word, meant);
    nf_strbuf all = nf_strbuf_new(600);
    for (; *candidates; candidates++)
        nf_strbuf_addf(&all, "%s%s", all.len ? ", " : "", *candidates);
    nf_error_set(err, status, "unknown %s '%s'; known: %s%s", what, word, nf_strbuf_text(&all),
                 all.overflow ? ", …" : "");
    nf_strbuf_release(&all);
    return status;
}
