-- [error] arguments that contain themselves, as objects and as marked lists
local list = json.array {}
list[1] = list
if pcall(http.get, { url = list }) then return 'ESCAPED' end
local t = {}
t.url = t
http.get(t)
