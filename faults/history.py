"""What the clients saw: each request is written down before it is sent and after its answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Seen:
    """One key: how often it was sent, and the definite answer, if one came.

    Attributes:
        status: 0 while unknown. body, position: of the first definite answer.
        differing: later answers to the same key that were not the same bytes.
    """

    sent: int = 0
    status: int = 0
    body: bytes = b""
    position: int = 0
    differing: int = 0


@dataclass(slots=True)
class History:
    """All keys of a run.

    Attributes:
        principal: whose keys they are.
        retries: requests that ended without a definite answer.
    """

    principal: str
    keys: dict[str, Seen] = field(default_factory=dict)
    retries: int = 0

    def sending(self, key: str) -> None:
        """Write down that a request goes out."""
        self.keys.setdefault(key, Seen()).sent += 1

    def answered(self, key: str, status: int, body: bytes, position: int) -> None:
        """Write down a definite answer (2xx, 409, 422)."""
        seen = self.keys[key]
        if not seen.status:
            seen.status, seen.body, seen.position = status, body, position
        elif (seen.status, seen.body, seen.position) != (status, body, position):
            seen.differing += 1

    def unanswered(self) -> None:
        """Write down that a request ended without a definite answer."""
        self.retries += 1

    @property
    def acknowledged(self) -> dict[str, Seen]:
        """The keys with a definite answer."""
        return {key: seen for key, seen in self.keys.items() if seen.status}
