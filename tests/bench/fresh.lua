-- fresh.lua: what the bench fresh-state runs: a flow of 64 lines with the code of two helper modules. It calls no action.
local text = (function()
  local M = {}
  local names = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }
  function M.escape(s) return (tostring(s):gsub('[&<>"]', names)) end
  function M.trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end
  function M.words(s)
    local out = {}
    for word in s:gmatch("%S+") do out[#out + 1] = word end
    return out
  end
  function M.fill(template, fields)
    return (template:gsub("{([%w_]+)}", function(name)
      local value = fields[name]
      return value == nil and "" or M.escape(value)
    end))
  end
  function M.initials(s)
    local out = {}
    for _, word in ipairs(M.words(s)) do out[#out + 1] = word:sub(1, 1):upper() end
    return table.concat(out)
  end
  return M
end)()

local rules = (function()
  local M = {}
  local tests = {
    is = function(a, b) return a == b end,
    not_is = function(a, b) return a ~= b end,
    above = function(a, b) return (tonumber(a) or 0) > b end,
    begins = function(a, b) return tostring(a):sub(1, #b) == b end,
    has = function(a, b) return tostring(a):find(b, 1, true) ~= nil end,
  }
  function M.holds(rule, event)
    local test = tests[rule.test] or error("unknown test " .. tostring(rule.test))
    return test(event[rule.field], rule.value)
  end
  function M.all(list, event)
    for _, rule in ipairs(list) do
      if not M.holds(rule, event) then return false end
    end
    return true
  end
  function M.any(list, event)
    for _, rule in ipairs(list) do
      if M.holds(rule, event) then return true end
    end
    return false
  end
  return M
end)()

-- the flow itself: 64 lines from here
local settings = {
  name     = "Route callers",
  tags     = { "support", "callers", "europe" },
  patience = { vip = 20, regular = 90, blocked = 0 },
  language = { ["+41"] = "de", ["+33"] = "fr", ["+39"] = "it" },
  queues   = { vip = "first-line", regular = "desk", blocked = "nobody" },
}

local vip = {
  { field = "customerIdentifier", test = "begins", value = "+41" },
  { field = "isAnonymous", test = "is", value = false },
  { field = "serviceUPN", test = "has", value = "support" },
}

local blocked = {
  { field = "customerIdentifier", test = "is", value = "+41000000000" },
  { field = "customerIdentifier", test = "begins", value = "+999" },
  { field = "attempts", test = "above", value = 50 },
}

local greeting = "{name} ({initials}) calls {service} from {number}, priority {class}"

local function class_of(task)
  if rules.any(blocked, task) then return "blocked" end
  if rules.all(vip, task) then return "vip" end
  return "regular"
end

local function full_name(customer)
  if not customer then return "unknown" end
  return text.trim((customer.firstName or "") .. " " .. (customer.lastName or ""))
end

local function parameters(information)
  local out = {}
  for _, parameter in ipairs(information.customContextParameters or {}) do
    out[parameter.name] = parameter.value
  end
  return out
end

nimbus.on_task {
  name     = settings.name,
  services = "*",
  run = function(task)
    runs = (runs or 0) + 1
    local class = class_of(task)
    if class == "blocked" then return { queue = settings.queues.blocked } end
    local name = full_name(task.taskInformation.customer)
    local given = parameters(task.taskInformation)
    return {
      queue    = settings.queues[class],
      patience = settings.patience[class],
      vip      = given.VIP == "yes",
      language = settings.language[task.customerIdentifier:sub(1, 3)] or "en",
      tags     = table.concat(settings.tags, ","),
      first    = runs == 1,
      greeting = text.fill(greeting, {
        name = name, initials = text.initials(name), service = task.serviceUPN,
        number = task.customerIdentifier, class = class,
      }),
    }
  end,
}
