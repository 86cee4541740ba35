/* SPDX-License-Identifier: Apache-2.0 */
/* macros.h: the few macros every layer may use. No libc state: the worker includes it too. */
#ifndef NF_BASE_MACROS_H
#define NF_BASE_MACROS_H

#define NF_PRINTF(at, first) __attribute__((format(printf, at, first)))
#define NF_NODISCARD         __attribute__((warn_unused_result))
#define NF_NORETURN          __attribute__((noreturn))
#define NF_UNUSED            __attribute__((unused))

#define NF_COUNT(array)                        (sizeof(array) / sizeof(array)[0])
#define NF_CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define NF_MIN(a, b)                           ((a) < (b) ? (a) : (b))
#define NF_MAX(a, b)                           ((a) > (b) ? (a) : (b))

/** A bug of the program, in every build: say what, then abort. Never for anything that comes from outside. */
#define nf_bug(...) nf_bug_at(__FILE__, __LINE__, __VA_ARGS__)
NF_NORETURN void nf_bug_at(const char *file, int line, const char *format, ...) NF_PRINTF(3, 4);

#endif
