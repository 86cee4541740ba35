-- modalities.test.lua: a case can come from a loop: the file is Lua, its cases are data.
local CASES = {
  { "modalities-audio", "O'Neill" }, { "modalities-chat", "Favre" },
  { "modalities-email", "Müller" }, { "modalities-external-task", "Weber" },
}
local cases = {
  { name = "no identifier", event = { modality = "Audio" }, expect = { outcome = "skipped", result = "anonymous" } },
}
for _, case in ipairs(CASES) do
  cases[#cases + 1] = {
    name   = case[1],
    event  = "../events/" .. case[1] .. ".json",
    expect = { effects = { { "nimbus.tasks.update", { customer = { lastName = case[2] } } } } },
  }
end
return cases
