"""Consents: a signature in an app or a voice on the telephone, and the evidence that there was one."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

ConsentChannel = Literal["app", "ars"]
ConsentStatus = Literal["absent", "pending", "signed", "rejected", "expired"]


class Payer(NamedTuple):
    """Whose consent is asked for: in clear, never for facts or logs."""

    name: str
    phone: str


class Consent(NamedTuple):
    """A consent as the provider has it.

    Attributes:
        key: ours.
        evidence: what proves it, for the vault; None unless signed.
        evidence_hash: SHA-256 of it, hex; None unless signed.
    """

    key: str
    status: ConsentStatus
    evidence: bytes | None = None
    evidence_hash: str | None = None


class ConsentPort(Protocol):
    """Asks people whether they agree. Source: SPEC N2, 13."""

    async def request(self, key: str, payer: Payer, channel: ConsentChannel, text: str) -> Consent:
        """Ask a payer; an answer by telephone takes at most 3 minutes, in an app 5. Idempotent by `key`.

        Args:
            text: version of what is agreed to.

        Raises:
            PortRefused: the key stands for another request.
            PortUnavailable: no answer; the payer may have been asked.
        """

    async def verify(self, key: str) -> Consent:
        """Return what has become of it. Raises: PortUnavailable."""
