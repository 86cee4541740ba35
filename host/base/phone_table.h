/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phone_table.h: the numbering plans behind phone.h, generated data.
 *
 * A program is a sequence of 16-bit instructions: the upper four bits say what, the lower twelve
 * are its operand. Jumps only go forward, so every program ends.
 */
#ifndef NF_BASE_PHONE_TABLE_H
#define NF_BASE_PHONE_TABLE_H

#include <stdint.h>

enum {
    NF_PHONE_DIGIT = 0, /* one digit out of a set: bit n of the operand is digit n */
    NF_PHONE_SPLIT,     /* try what follows; if that fails, go on at `operand` from here */
    NF_PHONE_JUMP,      /* go on at `operand` from here */
    NF_PHONE_SAVE,      /* 2n: capture n begins here, 2n + 1: it ends here */
    NF_PHONE_END,       /* nothing may follow */
    NF_PHONE_MATCH,     /* found */
};

typedef struct nf_phone_plan {
    char country[3];        /* ISO 3166-1 alpha-2, or "" for a code that belongs to no country */
    uint16_t code;          /* country calling code */
    uint32_t lengths;       /* bit n: a number may have n digits after the calling code */
    uint16_t international; /* program of the prefix for calls abroad; 0: none */
    uint16_t pattern;       /* program of a whole national number */
    uint16_t trunk;         /* program of the prefix for calls within the country; 0: none */
    char rule[12]; /* what a trunk prefix with a capture is replaced by, e.g. "9$1"; "": nothing */
} nf_phone_plan;

extern const nf_phone_plan nf_phone_plans[];

/** The position in nf_phone_plans, counted from 1, of the first country of a calling code; 0: no
 * such code. */
extern const uint8_t nf_phone_by_code[1000];

/** The position, counted from 1, of a country: 26 * its first letter + its second, A being 0; 0: no
 * such country. */
extern const uint8_t nf_phone_by_country[26 * 26];

/** All programs. */
extern const uint16_t nf_phone_code[];

#endif
