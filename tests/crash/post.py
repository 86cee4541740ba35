# SPDX-License-Identifier: Apache-2.0
"""A kept connection over which notifications are posted."""
import asyncio


class Line:
    """To one port of this machine; opened when it is used, closed when it breaks."""

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None

    async def post(self, path, body, timeout=30):
        """The status of the answer; None when there was none."""
        try:
            return await asyncio.wait_for(self._post(path, body), timeout)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            self.close()
            return None

    async def _post(self, path, body):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
        await self.reader.readexactly(length)
        if "connection: close" in head:
            self.close()
        return int(head.split(" ")[1])
