"""Where the bytes of an export go, counted and digested on their way."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol


class Sink(Protocol):
    """Takes the bytes of a file, in order."""

    def write(self, part: bytes) -> None:
        """Take the next part."""


class Meter(io.RawIOBase):
    """A file to write to that hands everything on, and knows how much it was and its digest.

    It cannot go back, so whatever writes to it has to stream.

    Attributes:
        bytes: how many were written. sha256: over all of them.
    """

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.bytes

    def write(self, part: Any) -> int:
        """Hand a part on."""
        taken = bytes(part)
        self._sink.write(taken)
        self.sha256.update(taken)
        self.bytes += len(taken)
        return len(taken)


class FileSink:
    """A file that appears under its name when it is whole; until then, and after a failure, there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._file = self._part.open("wb")

    def __enter__(self) -> FileSink:
        return self

    def write(self, part: bytes) -> None:
        """Take the next part."""
        self._file.write(part)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)


class ChunkSink:
    """Parts of one size, for whoever keeps them one by one.

    Args:
        keep: given (number from 0, bytes). chunk_bytes: size of all but the last.
    """

    def __init__(self, keep: Callable[[int, bytes], None], chunk_bytes: int) -> None:
        self._keep = keep
        self._chunk_bytes = chunk_bytes
        self._open = bytearray()
        self.chunks = 0

    def write(self, part: bytes) -> None:
        """Take the next part."""
        self._open += part
        while len(self._open) >= self._chunk_bytes:
            self._put(bytes(self._open[: self._chunk_bytes]))
            del self._open[: self._chunk_bytes]

    def end(self) -> None:
        """Keep what is left."""
        if self._open:
            self._put(bytes(self._open))
            self._open.clear()

    def _put(self, chunk: bytes) -> None:
        self._keep(self.chunks, chunk)
        self.chunks += 1
