-- [ok] tables whose keys and values are collected while they are written
for round = 1, 6 do
  for _, mode in ipairs { 'v', 'k', 'kv' } do
    local t = setmetatable({}, { __mode = mode })
    for i = 1, 500 do t[('k'):rep(60) .. i] = { {} } end
    local inner = setmetatable({}, { __mode = mode })
    for i = 1, 30 do inner['x' .. i] = {} end
    for key in pairs(json.decode(json.encode { t, inner, { t } })[1]) do
      if not key:find('^k+%d+$') then log('ESCAPED: ', key) end
    end
    log.debug(#json.encode(inner))
  end
end
return 'SAFE' 
