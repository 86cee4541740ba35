-- text.plain: what is left of HTML when it shall be shown as text.

local find, sub, gsub, lower = string.find, string.sub, string.gsub, string.lower
local match, char, tonumber, concat, type = string.match, utf8.char, tonumber, table.concat, type

local LONGEST = 1 << 20

-- Lists of words are one text each: every run has its own copy of all values that are made here.

-- Entities with their code points.
local ENTITIES = " amp 38 lt 60 gt 62 quot 34 apos 39 nbsp 32 auml 228 ouml 246 uuml 252 Auml 196 Ouml 214 Uuml 220 szlig 223 "
  .. "eacute 233 egrave 232 ecirc 234 agrave 224 acirc 226 ccedil 231 ocirc 244 icirc 238 ugrave 249 euro 8364 ndash 8211 "
  .. "mdash 8212 hellip 8230 laquo 171 raquo 187 bdquo 8222 ldquo 8220 rdquo 8221 lsquo 8216 rsquo 8217 copy 169 reg 174 "
  .. "trade 8482 bull 8226 middot 183 "

-- Elements that begin a new line; a cell of a table is set off by a blank.
local LINES = " br p div li tr ul ol table blockquote h1 h2 h3 h4 h5 h6 hr "
local CELLS = " td th "
local SKIPPED = " script style head title "

local function is_among(name, names)
  return find(names, " " .. name .. " ", 1, true) ~= nil
end

local function entity(name)
  local hex = match(name, "^#[xX](%x+)$")
  local code = hex and tonumber(hex, 16) or tonumber(match(name, "^#(%d+)$") or "")
  code = code or tonumber(match(ENTITIES, " " .. name .. " (%d+)") or "")
  if not code then return nil end
  local good = code < 0x110000 and not (code >= 0xD800 and code < 0xE000) and (code >= 32 or code == 9 or code == 10)
  return good and char(code) or ""
end

-- Where the text goes on behind the "<" at `at`, and what stands for the markup; nil when it is text.
local function markup(html, small, at, final)
  if sub(html, at, at + 3) == "<!--" then
    local _, last = find(html, "-->", at + 4, true)
    return last and last + 1 or #html + 1, ""
  end
  local slash, name = match(small, "^<([/!?]?)(%a[%w]*)", at)
  local last = name and at < final and find(html, ">", at, true)
  if not last then return nil end
  if slash == "" and is_among(name, SKIPPED) then
    local closing = find(small, "</" .. name, last, true)
    last = closing and find(html, ">", closing, true) or #html
  end
  return last + 1, is_among(name, LINES) and "\n" or is_among(name, CELLS) and " " or ""
end

local function without_markup(html)
  local small, parts, at = lower(html), {}, 1
  local final = match(html, "^.*()>") or 0          -- so that no "<" looks for a ">" that is not there
  while true do
    local open = find(html, "<", at, true)
    if not open then break end
    local after, instead = markup(html, small, open, final)
    parts[#parts + 1] = sub(html, at, after and open - 1 or open)
    parts[#parts + 1] = instead
    at = after or open + 1
  end
  parts[#parts + 1] = sub(html, at)
  return concat(parts)
end

--- text.plain(html): plain text as Nimbus shows it, without markup and control characters.
function text.plain(html)
  if html == nil then return nil end
  if type(html) ~= "string" then error("text.plain: a text is expected, not a " .. type(html), 2) end
  if #html > LONGEST then error("text.plain: the text has " .. #html .. " bytes; at most " .. LONGEST, 2) end
  local plain = without_markup(gsub(html, "\r\n?", "\n"))
  plain = gsub(plain, "&(#?%w+);", entity)
  plain = gsub(plain, "[%z\1-\8\11\12\14-\31\127]", "")
  plain = gsub(plain, "<(/?%a)", "< %1")            -- what was &lt;b&gt; is text, and must not look like markup
  plain = gsub(gsub(plain, "\u{A0}", " "), "[ \t]+", " ")
  plain = gsub(plain, " ?\n ?", "\n")
  plain = gsub(plain, "\n\n\n+", "\n\n")
  return match(plain, "^%s*(.-)%s*$")
end
