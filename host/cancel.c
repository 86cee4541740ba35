/* SPDX-License-Identifier: Apache-2.0 */
/* cancel.c: a person ends a run, or lets a held one go on. */
#include "pipeline.h"

nf_status nf_pipeline_cancel(nf_pipeline *p, int64_t run, const char *who, nf_error *err)
{
    (void)p;
    (void)who;
    return nf_error_set(err, NF_E_NOT_FOUND, "run %lld has ended, or there is none",
                        (long long)run);
}

nf_status nf_pipeline_release(nf_pipeline *p, int64_t run, nf_release how, const char *result,
                              const char *who, nf_error *err)
{
    (void)p;
    (void)how;
    (void)result;
    (void)who;
    return nf_error_set(err, NF_E_NOT_FOUND, "run %lld is not held", (long long)run);
}
