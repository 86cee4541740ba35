-- [error] arguments nested 1000 deep: the writer has a limit of its own
local t = {}
for i = 1, 1000 do t = { t } end
http.get { url = t }
