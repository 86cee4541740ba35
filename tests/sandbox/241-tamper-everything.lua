-- [contained] all that a run can reach is broken: modules, their functions, _G, metatables
local seen = {}
local function spoil(t)
  if type(t) ~= 'table' or seen[t] then return end
  seen[t] = true
  local keys = {}
  for k in next, t do keys[#keys + 1] = k end
  for _, k in ipairs(keys) do
    local v = rawget(t, k)
    spoil(v)
    if type(v) == 'function' and k ~= 'rawset' and k ~= 'next' and k ~= 'pcall' then rawset(t, k, function() return 'spoilt' end) end
  end
  pcall(setmetatable, t, { __index = function() return 'spoilt' end, __newindex = function() end })
end
local G, raw = _G, rawset
local get, protect, set = getmetatable, pcall, setmetatable
local mark = get(json.array {})
mark.__index = 'spoilt'
protect(set, G, { __index = function() return 'spoilt' end })
spoil(G)
raw(G, 'LEAK', 1) raw(G, 1, 1) raw(G, 'KEEP', G)
raw(G, '_G', nil)
return 'spoilt' 
