#ifndef NF_BASE_CRON_H
#define NF_BASE_CRON_H
#include "base/zone.h"
typedef struct nf_cron nf_cron;
nf_cron *nf_cron_new(const char *text, nf_error *err);
void nf_cron_free(nf_cron *cron);
int64_t nf_cron_next(const nf_cron *cron, const nf_zone *zone, int64_t after_s);
#endif
