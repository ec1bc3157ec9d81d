"""A proxy in front of PostgreSQL that can lose things at exact moments: the request, or the reply to a commit."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET_NAME = ".s.PGSQL.5432"
_READY = b"Z\x00\x00\x00\x05I"
"""ReadyForQuery, idle: the server is out of any transaction, so what was asked is committed."""


class Proxy:
    """Forwards bytes both ways over Unix sockets.

    Attributes:
        cut_reply_to: when the client sends these bytes, the server does it and the reply is lost with the connection.
        cut_request: when the client sends these bytes, they are lost with the connection.
        cuts: how often either happened.
        away: refuse all connections and drop those that stand.
    """

    def __init__(self, folder: Path, conninfo: str) -> None:
        parts = conninfo_to_dict(conninfo)
        self._server_socket = f"{parts['host']}/{SOCKET_NAME}"
        self._folder = folder
        self.conninfo = make_conninfo(conninfo, host=str(folder))
        self.cut_reply_to: bytes | None = None
        self.cut_request: bytes | None = None
        self.cuts = 0
        self._away = False
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_unix_server(self._serve, str(self._folder / SOCKET_NAME))

    async def stop(self) -> None:
        """Close everything."""
        self._listener.close()
        self.away(away=True)

    def away(self, *, away: bool) -> None:
        """Be away (or back)."""
        self._away = away
        if away:
            for writer in list(self._writers):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._away:
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_unix_connection(self._server_socket)
        self._writers |= {writer, server_writer}
        lose_reply = asyncio.Event()
        with suppress(ConnectionError):
            await asyncio.wait(
                [
                    asyncio.create_task(self._requests(reader, server_writer, lose_reply)),
                    asyncio.create_task(self._replies(server_reader, writer, lose_reply)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        writer.close()
        server_writer.close()
        self._writers -= {writer, server_writer}

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lose: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 20):
                if self.cut_request is not None and self.cut_request in chunk:
                    self.cut_request = None
                    self.cuts += 1
                    return
                if self.cut_reply_to is not None and self.cut_reply_to in chunk:
                    self.cut_reply_to = None
                    lose.set()
                writer.write(chunk)
                await writer.drain()

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lose: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 20):
                if lose.is_set():
                    if _READY in chunk:
                        self.cuts += 1
                        return
                    continue
                writer.write(chunk)
                await writer.drain()
