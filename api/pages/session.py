"""What a browser remembers between two steps: signed, short-lived, tied to one link, and without a word of a person."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal, NamedTuple

import orjson

LIFE = timedelta(minutes=15)
"""How long a reader who was let in may stay away."""

SIGNATURE_BYTES = 16

Stage = Literal["code", "in"]


class Session(NamedTuple):
    """How far a reader has come.

    Attributes:
        stage: code = the last digits were right and a code was sent; in = let in.
        code_key: under which the code was sent; "" without one.
        position: of what the reader did last, so that the page shows it.
        own: public id of what the reader has started here, where a page is for many; "" = nothing.
    """

    stage: Stage
    code_key: str = ""
    position: int = 0
    own: str = ""


class Sessions:
    """Signs and reads sessions.

    Args:
        secret: kept beside no database.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, session: Session, link: str, at: datetime) -> str:
        """Return a session of a link as text that nobody else can make."""
        until = int((at + LIFE).timestamp())
        payload = orjson.dumps([*session, until])
        return _text(payload) + "." + _text(self._mark(payload, link))

    def read(self, text: str, link: str, at: datetime) -> Session | None:
        """Return a session; None when it is over, of another link, or not ours."""
        payload_text, _, mark_text = text.partition(".")
        try:
            payload, mark = _bytes(payload_text), _bytes(mark_text)
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(self._mark(payload, link), mark):
            return None
        *fields, until = orjson.loads(payload)
        return None if at.timestamp() >= until else Session(*fields)

    def _mark(self, payload: bytes, link: str) -> bytes:
        return hmac.digest(self._secret, sha256(link.encode()).digest() + payload, "sha256")[:SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
