#ifndef NF_BASE_ZONE_H
#define NF_BASE_ZONE_H
#include "nf/error.h"
typedef struct nf_zone nf_zone;
nf_zone *nf_zone_open(const char *name, nf_error *err);
void nf_zone_close(nf_zone *zone);
#endif
