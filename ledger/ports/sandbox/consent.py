"""The sandbox's provider of consents.

Magic names: "거절" rejects, "무응답" never answers. All others sign after 5 to 60 seconds. Names are looked at and not
kept. The evidence is shaped like DER and made again each time from what is kept.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from psycopg.rows import DictRow

from ledger.ports.consent import Consent, ConsentChannel, ConsentStatus, Payer
from ledger.ports.errors import PortRefused
from ledger.ports.sandbox.state import SandboxState, draw, find, one

REJECTS, SILENT = "거절", "무응답"
LIMITS_S: dict[str, int] = {"ars": 180, "app": 300}
"""How long a payer may take."""

SIGNED_FROM_S, SIGNED_WITHIN_S = 5, 55


class SandboxConsents:
    """A `ConsentPort` for tests and demos."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state

    async def request(self, key: str, payer: Payer, channel: ConsentChannel, text: str) -> Consent:
        """As `ConsentPort.request`."""
        now = self._state.now()
        outcome = {REJECTS: "rejected", SILENT: "expired"}.get(payer.name, "signed")
        takes_s = LIMITS_S[channel] if outcome == "expired" else SIGNED_FROM_S + draw("consent", key) % SIGNED_WITHIN_S
        async with self._state.connected() as connection:
            row = await one(
                connection,
                "INSERT INTO consent (key, channel, outcome, asked_at, due_at) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO UPDATE SET asked = consent.asked + 1 RETURNING *",
                key, channel, outcome, now, now + timedelta(seconds=takes_s),
            )  # fmt: skip
        if row["channel"] != channel:
            raise PortRefused("the key stands for another request")
        return self._shown(row)

    async def verify(self, key: str) -> Consent:
        """As `ConsentPort.verify`."""
        async with self._state.connected() as connection:
            row = await find(connection, "SELECT * FROM consent WHERE key = %s", key)
        return Consent(key, "absent") if row is None else self._shown(row)

    def _shown(self, row: DictRow) -> Consent:
        if self._state.now() < row["due_at"]:
            return Consent(row["key"], "pending")
        status: ConsentStatus = row["outcome"]
        if status != "signed":
            return Consent(row["key"], status)
        evidence = _evidence(row["key"], row["channel"], row["due_at"].isoformat())
        return Consent(row["key"], status, evidence, sha256(evidence).hexdigest())


def _evidence(*parts: str) -> bytes:
    """Return a sequence of UTF-8 strings, in the tag-length-value shape of DER."""
    body = b"".join(_tagged(0x0C, part.encode()) for part in ("sandbox consent", *parts))
    return _tagged(0x30, body)


def _tagged(tag: int, value: bytes) -> bytes:
    if len(value) < 128:
        return bytes((tag, len(value))) + value
    return bytes((tag, 0x82)) + len(value).to_bytes(2, "big") + value
