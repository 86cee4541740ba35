// SPDX-License-Identifier: Apache-2.0
// phone_table.mjs: writes phone_table.c from the metadata of libphonenumber-js; run by hand about once a year.
//
//   npm install libphonenumber-js && node host/base/phone_table.mjs node_modules/libphonenumber-js
//
// The metadata's patterns are plain regular expressions over digits without loops. Each becomes a small program for
// the matcher in phone.c, so that nothing of the kind is parsed at run time.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIGITS = 0x03ff, SPLIT = 0x1000, JUMP = 0x2000, SAVE = 0x3000, END = 0x4000, MATCH = 0x5000

/** Parse a pattern into a tree: {alt: [[item...]...]}, {mask}, {end}; items carry min, max, and group for captures. */
function parse(text) {
  let at = 0, groups = 0
  function alternatives() {
    const all = [sequence()]
    while (text[at] === '|') { at++; all.push(sequence()) }
    return all
  }
  function sequence() {
    const items = []
    while (at < text.length && text[at] !== '|' && text[at] !== ')') items.push(quantified(atom()))
    return items
  }
  function atom() {
    const c = text[at++]
    if (c === '$') return { end: true }
    if (c === '\\' && text[at++] === 'd') return { mask: DIGITS }
    if (c === '[') return { mask: set() }
    if (c === '(') {
      let group = 0
      if (text.startsWith('?:', at)) at += 2
      else group = ++groups
      const alt = alternatives()
      if (text[at++] !== ')') throw new Error(`no ) in ${text}`)
      return { alt, group }
    }
    if (c >= '0' && c <= '9') return { mask: 1 << Number(c) }
    throw new Error(`unexpected ${c} in ${text}`)
  }
  function set() {
    let mask = 0
    while (text[at] !== ']') {
      const from = Number(text[at++])
      const to = text[at] === '-' ? Number(text[(at += 2) - 1]) : from
      for (let d = from; d <= to; d++) mask |= 1 << d
    }
    at++
    return mask
  }
  function quantified(item) {
    item.min = item.max = 1
    if (text[at] === '?') { at++; item.min = 0 }
    const m = /^\{(\d+)(?:,(\d+))?\}/.exec(text.slice(at))
    if (m) { at += m[0].length; item.min = Number(m[1]); item.max = Number(m[2] ?? m[1]) }
    return item
  }
  const alt = alternatives()
  if (at !== text.length) throw new Error(`rest in ${text}`)
  return alt
}

/** The program of a tree; jumps are relative and only go forward. */
function compile(text, whole) {
  const one = item => item.end ? [END] : item.alt
    ? item.group ? [SAVE | (2 * item.group), ...choice(item.alt), SAVE | (2 * item.group + 1)] : choice(item.alt)
    : [item.mask]
  function choice(alt) {
    let code = alt[alt.length - 1].flatMap(repeat)
    for (let i = alt.length - 2; i >= 0; i--) {
      const first = alt[i].flatMap(repeat)
      code = [SPLIT | (first.length + 2), ...first, JUMP | (code.length + 1), ...code]
    }
    return code
  }
  function repeat(item) {
    const code = one(item)
    let optional = []
    for (let i = item.min; i < item.max; i++) optional = [SPLIT | (code.length + optional.length + 1), ...code, ...optional]
    return [...Array(item.min).fill(code).flat(), ...optional]
  }
  return [...choice(parse(text)), ...(whole ? [END] : []), MATCH]
}

const folder = process.argv[2]
const metadata = JSON.parse(readFileSync(join(folder, 'metadata.max.json'), 'utf8'))
const version = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version

const programs = [], starts = new Map()
let size = 0
function program(text, whole) {
  if (!text) return 0
  const key = `${text}${whole ? '$' : ''}`
  if (!starts.has(key)) {
    const code = compile(text, whole)
    starts.set(key, size + 1)
    programs.push({ key, code })
    size += code.length
  }
  return starts.get(key)
}

const lengths = list => list.reduce((mask, n) => mask | (1 << n), 0)
const main = new Map(Object.entries(metadata.country_calling_codes).map(([code, list]) => [list[0], code]))
function row(name, d) {
  const prefix = d[7] || d[5]
  return {
    name, code: Number(d[0]), main: name === '' || main.has(name), lengths: lengths(d[3]), international: program(d[1]),
    pattern: program(d[2], true), trunk: program(prefix), rule: d[8] || '',
  }
}
const rows = [
  ...Object.entries(metadata.countries).map(([name, d]) => row(name, d)),
  ...Object.entries(metadata.nonGeographic).map(([, d]) => row('', d)),
]

// where to look: position in the table, from 1; 0 is none
const byCode = Array(1000).fill(0), byCountry = Array(26 * 26).fill(0)
rows.forEach((r, i) => {
  if (r.main) byCode[r.code] = i + 1
  if (r.name) byCountry[(r.name.charCodeAt(0) - 65) * 26 + r.name.charCodeAt(1) - 65] = i + 1
})
if (rows.length > 255) throw new Error('the positions need more than a byte')

const hex = n => '0x' + n.toString(16).padStart(4, '0')
const wrap = (list, indent, width = 26) => {
  const lines = []
  for (let i = 0; i < list.length; i += width) lines.push(indent + list.slice(i, i + width).join(', ') + ',')
  return lines.join('\n')
}
const cut = text => text.length > 100 ? text.slice(0, 97) + '...' : text
const out = `/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phone_table.c: numbering plans of all countries, written by phone_table.mjs. Do not edit.
 *
 * NOTICE: derived from the metadata of libphonenumber-js ${version} (MIT License, Copyright (c) 2016 @catamphetamine),
 * which is derived from Google's libphonenumber (Apache License 2.0, Copyright (C) The Libphonenumber Authors).
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
 * permit persons to whom the Software is furnished to do so, subject to the following conditions: the above copyright
 * notice and this permission notice shall be included in all copies or substantial portions of the Software. THE
 * SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
 * WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
 * COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
 * OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */
#include "base/phone_table.h"

/* clang-format off */
/* country, calling code, possible lengths, international prefix, number, trunk prefix, rule */
const nf_phone_plan nf_phone_plans[] = {
${rows.map(r => `    {"${r.name}", ${r.code}, 0x${r.lengths.toString(16)}, ${r.international}, ${r.pattern}, ${r.trunk}, "${r.rule}"},`).join('\n')}
};

const uint8_t nf_phone_by_code[1000] = {
${wrap(byCode, '    ')}
};

const uint8_t nf_phone_by_country[26 * 26] = {
${wrap(byCountry, '    ')}
};

/* Programs start at the index given above; 0 is none. */
const uint16_t nf_phone_code[] = {
    ${hex(MATCH)},
${programs.map(p => `    /* ${starts.get(p.key)}: ${cut(p.key)} */\n${wrap(p.code.map(hex), '    ', 14)}`).join('\n')}
};
/* clang-format on */
`
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'phone_table.c'), out)
console.log(`${rows.length} plans, ${programs.length} programs, ${size} instructions`)
