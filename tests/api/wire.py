"""A connection to the server, spoken to in bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT_S = 120.0


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(LIMIT_S):
        while not true():  # noqa: ASYNC110 (it may be anything)
            await asyncio.sleep(0.01)


class Wire:
    """One connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def all(self, timeout_s: float = LIMIT_S) -> bytes:
        """Return everything until the server closes."""
        parts = b""
        async with asyncio.timeout(timeout_s):
            try:
                while part := await self.reader.read(65_536):
                    parts += part
            except ConnectionError:
                return parts
        return parts

    async def one(self, timeout_s: float = LIMIT_S) -> bytes:
        """Return one answer that tells its length."""
        async with asyncio.timeout(timeout_s):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return head + await self.reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        """Send bytes, as far as the server takes them."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            return


async def wire(address: tuple[str, int]) -> Wire:
    """Open a connection."""
    return Wire(*await asyncio.open_connection(*address))


async def exchange(address: tuple[str, int], data: bytes) -> bytes:
    """Send bytes, say that no more come, and return the whole answer."""
    opened = await wire(address)
    try:
        await opened.send(data)
        return await opened.all()
    finally:
        opened.writer.close()
