-- [error] arguments of 2 MiB: refused before they are sent
http.get { url = ('x'):rep(2 << 20) }
