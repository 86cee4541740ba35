# SPDX-License-Identifier: Apache-2.0
"""What the HTTP server takes and refuses, sent byte by byte over real sockets.

The table is the one that libraries of this kind were compared with: each case that lets two programs disagree about where
a message ends must be refused, and nothing behind it may be taken as a request.
"""
import json
import os
import socket
import tempfile
import threading
import time
import unittest

from programs import Program

HEAD_MS, BODY_MS, IDLE_MS = 400, 700, 900


def post(body=b"abcd", headers=b"Content-Length: 4\r\n", version=b"HTTP/1.1", host=b"Host: a\r\n", target=b"/x"):
    return b"POST " + target + b" " + version + b"\r\n" + host + headers + b"\r\n" + body


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

# name, bytes, expected statuses of all answers
TABLE = [
    ("plain POST", post(), [200]),
    ("plain GET", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    ("chunked POST", post(b"2\r\nab\r\n2;x=y\r\ncd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [200]),
    ("chunked with trailer", post(b"1\r\na\r\n0\r\nX-T: 1\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [200]),
    ("4 pipelined", post() * 4, [200] * 4),
    ("4 pipelined, chunked", post(b"1\r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n") * 4, [200] * 4),
    ("pipelined behind a late answer", post(target=b"/later") + post() + post(target=b"/later") + post(), [200] * 4),
    ("HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n", [200]),
    ("absolute target", b"GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n", [200]),
    ("CL + TE", post(b"0\r\n\r\n" + SMUGGLED, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), [400]),
    ("TE + CL", post(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), [400]),
    ("two different CL", post(b"abcd" + SMUGGLED, b"Content-Length: 4\r\nContent-Length: 5\r\n"), [400]),
    ("two equal CL", post(b"abcd", b"Content-Length: 4\r\nContent-Length: 4\r\n"), [400]),
    ("CL list", post(b"abcd", b"Content-Length: 4, 4\r\n"), [400]),
    ("CL +4", post(b"abcd", b"Content-Length: +4\r\n"), [400]),
    ("CL -4", post(b"abcd", b"Content-Length: -4\r\n"), [400]),
    ("CL 0x4", post(b"abcd", b"Content-Length: 0x4\r\n"), [400]),
    ("CL empty", post(b"abcd", b"Content-Length:\r\n"), [400]),
    ("CL of 30 digits", post(b"abcd", b"Content-Length: " + b"9" * 30 + b"\r\n"), [400]),
    ("Content-Length :", post(b"abcd", b"Content-Length : 4\r\n"), [400]),
    ("obs-fold", post(b"", b"X: y\r\n Content-Length: 35\r\n") + SMUGGLED, [400]),
    ("obs-fold as first line", b"GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", [400]),
    ("bare CR in a header", post(b"abcd", b"X: y\rContent-Length: 4\r\n"), [400]),
    ("CR CR LF", post(b"abcd", b"X: y\r\r\nContent-Length: 4\r\n"), [400]),
    (r"\r\n\rX ends headers", b"GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n" + SMUGGLED, [400]),
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", [400]),
    ("bare LF everywhere", b"GET / HTTP/1.1\nHost: a\n\n", [400]),
    ("bare LF ends the head", b"GET / HTTP/1.1\r\nHost: a\r\n\n", [400]),
    ("empty line first", b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", [505]),
    ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", [505]),
    ("HTTP/0.9", b"GET /\r\n\r\n", [400]),
    ("HTTP/1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", [400]),
    ("http/1.1", b"GET / http/1.1\r\nHost: a\r\n\r\n", [400]),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", [400]),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", [400]),
    ("Host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", [400]),
    ("target for another host", b"GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("NUL in a header", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", [400]),
    ("NUL in the target", b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("bytes above ASCII in the target", b"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("two spaces", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("space in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("tab for a space", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("fragment", b"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("target without a slash", b"GET x HTTP/1.1\r\nHost: a\r\n\r\n", [400]),
    ("header without a colon", b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", [400]),
    ("empty header name", b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", [400]),
    ("header name with a space", b"GET / HTTP/1.1\r\nHost: a\r\nA B: x\r\n\r\n", [400]),
    ("DEL in a header", b"GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", [400]),
    ("unknown method", b"FLY / HTTP/1.1\r\nHost: a\r\n\r\n", [501]),
    ("CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + SMUGGLED, [501]),
    ("TE gzip", post(b"", b"Transfer-Encoding: gzip\r\n"), [501]),
    ("TE gzip, chunked", post(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked\r\n"), [501]),
    ("TE xchunked", post(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: xchunked\r\n"), [501]),
    ("two TE", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), [400]),
    ("TE in HTTP/1.0", post(b"0\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"HTTP/1.0"), [400]),
    ("HTTP/1.0 POST without length", post(b"", b"", b"HTTP/1.0"), [411]),
    ("chunk size not hex", post(b"zz\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("chunk size with bare LF", post(b"4\nabcd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("chunk end missing", post(b"4\r\nabcdX\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("chunk size of 20 digits", post(b"1" * 20 + b"\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("bare LF in a chunk extension", post(b"1;\n\r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("NUL in a chunk extension", post(b"1;a\0\r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("folded trailer", post(b"0\r\nA: b\r\n c\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("bare CR in a trailer", post(b"0\r\nA: b\rc\r\n\r\n", b"Transfer-Encoding: chunked\r\n"), [400]),
    ("1 MB chunk extension", post(b"1;" + b"x" * (1 << 20) * 2 + b"\r\na\r\n0\r\n\r\n",
                                  b"Transfer-Encoding: chunked\r\n"), [413]),
    ("body over the limit by length", post(b"", b"Content-Length: 1048577\r\n"), [413]),
    ("body over the limit by chunks", post(b"100001\r\n" + b"x" * 0x100001 + b"\r\n0\r\n\r\n",
                                           b"Transfer-Encoding: chunked\r\n"), [413]),
    ("body at the limit", post(b"x" * (1 << 20), b"Content-Length: 1048576\r\n"), [200]),
    ("head over the limit", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40000, [431]),
    ("head without end over the limit", b"G" * 40000, [431]),
    ("101 headers", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", [431]),
    ("unknown expectation", post(b"abcd", b"Expect: a miracle\r\nContent-Length: 4\r\n"), [417]),
    ("upgrade is not taken", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + post(),
     [200, 200]),
    ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50, [400]),
]


class Client:
    """A raw connection; half-closes when asked and reads answers."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # refused and closed while we were still sending

    def fill(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        self.buffer += more
        return bool(more)

    def answer(self, head_only=False):
        """The next answer as (status, headers, body), or None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                assert not self.buffer, self.buffer
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if head_only or status == 100 else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            assert self.fill(), "the answer was cut"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, headers, body

    def statuses(self):
        found = []
        while True:
            answer = self.answer()
            if answer is None:
                return found
            found.append(answer[0])


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Program("prog_http_echo", "127.0.0.1:0", 20000, 20000, 20000, 200)
        cls.port = int(cls.server.wait_line("listening on").split()[-1])

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0, cls.server.errors

    def exchange(self, pieces):
        with Client(self.port) as client:
            for piece in pieces:
                client.send(piece)
                if len(pieces) > 1:
                    time.sleep(0.001)
            try:
                client.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            return client.statuses()

    def test_table_in_one_piece(self):
        for name, data, expected in TABLE:
            with self.subTest(name):
                self.assertEqual(self.exchange([data]), expected)

    def test_table_in_two_pieces(self):
        for name, data, expected in TABLE:
            for cut in (len(data) // 2, len(data) - 1):
                with self.subTest(name, cut=cut):
                    self.assertEqual(self.exchange([data[:cut], data[cut:]]), expected)

    def test_table_byte_by_byte(self):
        for name, data, expected in TABLE:
            if len(data) < 120:
                with self.subTest(name):
                    self.assertEqual(self.exchange([data[i:i + 1] for i in range(len(data))]), expected)

    def test_nothing_behind_a_refusal_is_answered(self):
        for name, data, expected in TABLE:
            if expected[0] >= 400:
                with self.subTest(name):
                    self.assertEqual(self.exchange([data + SMUGGLED]), expected)

    def test_refusals_say_why_and_close(self):
        with Client(self.port) as client:
            client.send(b"GET / HTTP/1.1\r\n\r\n")
            status, headers, body = client.answer()
            self.assertEqual((status, headers["connection"]), (400, "close"))
            self.assertEqual(json.loads(body), {"error": "no Host"})
            self.assertIsNone(client.answer())

    def test_exchange_as_the_handler_sees_it(self):
        with Client(self.port) as client:
            client.send(post(target=b"/a/b%20c?x=1&y"))
            _, headers, body = client.answer()
            self.assertEqual(json.loads(body), {"method": "POST", "path": "/a/b%20c", "query": "x=1&y", "length": 4,
                                                "peer": "127.0.0.1", "host": "a"})
            self.assertRegex(headers["date"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
            client.send(b"GET http://a/p?q HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(json.loads(client.answer()[2])["path"], "/p")

    def test_head_has_no_body(self):
        with Client(self.port) as client:
            client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            status, headers, _ = client.answer(head_only=True)
            self.assertEqual(status, 200)
            self.assertGreater(int(headers["content-length"]), 10)
            client.send(post())
            self.assertEqual(client.answer()[0], 200)

    def test_expect_100_continue(self):
        with Client(self.port) as client:
            client.send(post(b"", b"Content-Length: 4\r\nExpect: 100-continue\r\n"))
            self.assertEqual(client.answer()[0], 100)
            client.send(b"abcd")
            self.assertEqual(client.answer()[0], 200)
        with Client(self.port) as client:
            client.send(post(b"", b"Content-Length: 4000000\r\nExpect: 100-continue\r\n"))
            self.assertEqual(client.answer()[0], 413)

    def test_keep_alive_and_close(self):
        for request, stays in ((post(), True),
                               (post(headers=b"Content-Length: 4\r\nConnection: close\r\n"), False),
                               (post(version=b"HTTP/1.0"), False),
                               (post(headers=b"Content-Length: 4\r\nConnection: keep-alive\r\n", version=b"HTTP/1.0"),
                                True)):
            with self.subTest(request), Client(self.port) as client:
                client.send(request)
                _, headers, _ = client.answer()
                self.assertEqual(headers.get("connection") == "close", not stays)
                if stays:
                    client.send(post())
                    self.assertEqual(client.answer()[0], 200)
                else:
                    self.assertIsNone(client.answer())

    def test_large_answer_to_a_slow_reader(self):
        with Client(self.port) as client:
            client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + post())
            time.sleep(0.3)
            for _ in range(3):
                self.assertEqual(len(client.answer()[2]), 8 << 20)
            self.assertEqual(client.answer()[0], 200)

    def test_reading_stops_while_too_much_waits(self):
        with Client(self.port) as client:
            client.socket.settimeout(1)
            client.send(post(target=b"/later") * 40000)  # 3 MB behind one pending request
            client.socket.settimeout(30)
            self.assertEqual(client.answer()[0], 200)

    def test_client_goes_away_before_its_answer(self):
        for _ in range(50):
            with Client(self.port) as client:
                client.send(post(target=b"/later") + post())
        with Client(self.port) as client:
            client.send(post())
            self.assertEqual(client.answer()[0], 200)

    def test_many_connections_at_once(self):
        failures = []

        def work():
            with Client(self.port) as client:
                for _ in range(50):
                    client.send(post() * 3)
                    for _ in range(3):
                        if client.answer()[0] != 200:
                            failures.append("status")
        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(failures, [])


class Deadlines(unittest.TestCase):
    """Deadlines are absolute: a byte now and then gains nothing."""

    @classmethod
    def setUpClass(cls):
        cls.server = Program("prog_http_echo", "127.0.0.1:0", HEAD_MS, BODY_MS, IDLE_MS)
        cls.port = int(cls.server.wait_line("listening on").split()[-1])

    @classmethod
    def tearDownClass(cls):
        assert cls.server.end() == 0, cls.server.errors

    def trickle(self, first, rest):
        """Send one byte each 20 ms until the server answers; returns the answer and the seconds it took."""
        with Client(self.port) as client:
            start = time.monotonic()
            client.send(first)
            client.socket.settimeout(0.02)
            while time.monotonic() - start < 20:
                client.send(rest)
                try:
                    if not client.fill():
                        break
                    client.socket.settimeout(20)
                    return client.answer(), time.monotonic() - start
                except TimeoutError:
                    pass
            return None, time.monotonic() - start

    def test_head_trickle(self):
        answer, seconds = self.trickle(b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x")
        self.assertEqual(answer[0], 408)
        self.assertGreaterEqual(seconds, HEAD_MS / 1000 - 0.05)

    def test_body_trickle(self):
        answer, seconds = self.trickle(post(b"", b"Content-Length: 100000\r\n"), b"x")
        self.assertEqual(answer[0], 408)
        self.assertGreaterEqual(seconds, BODY_MS / 1000 - 0.05)

    def test_chunk_trickle(self):
        answer, _ = self.trickle(post(b"FFFF\r\n", b"Transfer-Encoding: chunked\r\n"), b"x")
        self.assertEqual(answer[0], 408)

    def test_head_deadline_of_a_pipelined_request(self):
        with Client(self.port) as client:
            client.send(post() + b"GET / HT")
            self.assertEqual(client.answer()[0], 200)
            self.assertEqual(client.answer()[0], 408)
            self.assertIsNone(client.answer())

    def test_idle_connections_are_closed_silently(self):
        for first in (b"", post()):
            with Client(self.port) as client:
                start = time.monotonic()
                client.send(first)
                if first:
                    self.assertEqual(client.answer()[0], 200)
                self.assertIsNone(client.answer())
                self.assertGreaterEqual(time.monotonic() - start, IDLE_MS / 1000 - 0.05)


class Addresses(unittest.TestCase):
    def test_connection_limit(self):
        server = Program("prog_http_echo", "127.0.0.1:0", 0, 0, 0, 4)
        port = int(server.wait_line("listening on").split()[-1])
        clients = [Client(port) for _ in range(4)]
        for client in clients:
            client.send(post())
            self.assertEqual(client.answer()[0], 200)
        with Client(port) as one_more:
            one_more.send(post())
            self.assertIsNone(one_more.answer())
        clients[0].send(post())
        self.assertEqual(clients[0].answer()[0], 200)
        for client in clients:
            client.socket.close()
        self.assertEqual(server.end(), 0)

    def test_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s")
            first = Program("prog_http_echo", "unix:" + path)
            first.wait_line("listening")
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            second = Program("prog_http_echo", "unix:" + path)
            self.assertEqual(second.process.wait(30), 4)
            second.end()
            self.assertIn("another process listens there", " ".join(second.errors))
            first.process.kill()
            first.process.wait()
            first.end()
            third = Program("prog_http_echo", "unix:" + path)
            third.wait_line("listening")
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                s.sendall(post())
                self.assertIn(b'"peer":"uid %d"' % os.getuid(), s.recv(4096))
            self.assertEqual(third.end(), 0)
            self.assertFalse(os.path.exists(path))

    def test_errors_name_the_address_and_the_reason(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            busy = f"127.0.0.1:{taken.getsockname()[1]}"
            for address, reason in ((busy, "address already in use"), ("nowhere:80", "neither an address"),
                                    ("unix:/nonexistent/folder/s", "no such file"), ("unix:/etc/passwd", "no socket")):
                program = Program("prog_http_echo", address)
                self.assertEqual(program.process.wait(30), 4)
                program.end()
                self.assertIn(f"cannot listen on {address}", " ".join(program.errors))
                self.assertIn(reason, " ".join(program.errors))

    def test_end_while_an_answer_is_pending(self):
        program = Program("prog_http_echo", "127.0.0.1:0")
        port = int(program.wait_line("listening on").split()[-1])
        with Client(port) as idle, Client(port) as busy, Client(port) as gone:
            gone.send(post(target=b"/later"))
            gone.socket.close()
            busy.send(post(target=b"/later") + b"POST /stop HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(busy.answer()[0], 200)
            self.assertEqual(busy.answer()[0], 200)
            self.assertIsNone(busy.answer())
            self.assertIsNone(idle.answer())
        self.assertEqual(program.process.wait(30), 0, program.errors)
        program.end()

    def test_signal_while_an_answer_is_pending(self):
        program = Program("prog_http_echo", "127.0.0.1:0")
        port = int(program.wait_line("listening on").split()[-1])
        with Client(port) as busy:
            busy.send(post(target=b"/later"))
            time.sleep(0.03)
            status = []
            ending = threading.Thread(target=lambda: status.append(program.end()))
            ending.start()
            busy.answer()
            ending.join(30)
        self.assertEqual(status, [0], program.errors)


if __name__ == "__main__":
    unittest.main()
