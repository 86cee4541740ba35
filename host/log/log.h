/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: lines to standard error, for the admin.
 *
 * Secrets never come here: callers pass names of files and ids, not tokens, callback paths or bodies.
 */
#ifndef NF_LOG_LOG_H
#define NF_LOG_LOG_H

#include "base/macros.h"

typedef enum nf_log_level { NF_LOG_ERROR, NF_LOG_WARN, NF_LOG_INFO, NF_LOG_DEBUG } nf_log_level;

/** Write lines up to `level`; the start value is NF_LOG_INFO. With `json` each line is an object. Call before threads.
 */
void nf_log_open(nf_log_level level, int json);

/** One line: time, level, the part that speaks ("http", "flow", "store" …), text. Line breaks in it are escaped. */
void nf_log(nf_log_level level, const char *part, const char *format, ...) NF_PRINTF(3, 4);

/** Would a line of this level be written? For callers whose words cost something. */
int nf_log_wants(nf_log_level level);

#define nf_log_error(part, ...) nf_log(NF_LOG_ERROR, part, __VA_ARGS__)
#define nf_log_warn(part, ...)  nf_log(NF_LOG_WARN, part, __VA_ARGS__)
#define nf_log_info(part, ...)  nf_log(NF_LOG_INFO, part, __VA_ARGS__)
#define nf_log_debug(part, ...) nf_log(NF_LOG_DEBUG, part, __VA_ARGS__)

#endif
