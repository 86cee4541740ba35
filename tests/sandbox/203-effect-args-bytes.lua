-- [ok] NUL, broken UTF-8, surrogates and every byte in values and keys: what comes back is UTF-8
local all = {}
for b = 0, 255 do all[#all + 1] = string.char(b) end
for _, text in ipairs { table.concat(all), '\0', '\xff\xfe', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xc0\x80', '\xe2\x82', '\u{10ffff}' } do
  local back = http.get { url = text, [text:gsub('%z', '') .. '!'] = text }
  assert(utf8.len(back.url), 'no UTF-8 came back')
end
return 'SAFE' 
