"""The key that wraps all other keys, and what is derived from it: nothing of it is ever in a database.

AES-256-GCM seals, HKDF-SHA-256 derives, HMAC-SHA-256 marks. Every sealed value names, as authenticated data, the place
where it belongs; moved to another place it does not open. The key lies in a file of its own; without it nothing can be
opened.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.embedded.cluster import secret
from ledger.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12
REQUEST_HASH_CHARACTERS = 32
BLIND_BYTES = 16

log = structlog.get_logger("ledger.kek")


class KekUnusable(RuntimeError):
    """The key file is missing, open to others, or does not hold a key."""


class SealBroken(RuntimeError):
    """A sealed value does not open: it was altered or moved, or it was sealed under another key."""


class Kek:
    """The key-encryption key.

    Attributes:
        id: tells keys apart without telling anything about them; stored beside what they wrap.
    """

    __slots__ = ("_blind_key", "_request_hmac", "_token_key", "_wrap_key", "id")

    def __init__(self, key: bytes) -> None:
        """Derive what is used from the 32 bytes of the key."""
        if len(key) != KEY_BYTES:
            raise KekUnusable(f"a key has {KEY_BYTES} bytes")
        self.id = _derive(key, "id").hex()[:16]
        self._wrap_key = _derive(key, "wrap")
        self._request_hmac = _hmac_halves(_derive(key, "request hash"))
        self._token_key = _derive(key, "token")
        self._blind_key = _derive(key, "blind index")

    def __repr__(self) -> str:
        """Tell which key it is, and not what it is."""
        return f"Kek({self.id})"

    def request_hash(self, method: str, path: str, body: bytes) -> str:
        """Return the mark by which a request is known again: keyed, so that nobody can guess a number from it.

        Args:
            method: of the request, or another word for where it came from.
            path: what it was sent to.
            body: its bytes, in a form that is the same for the same request.
        """
        # `frame`, written out: this is done for every command.
        sent_by, sent_to = method.encode(), path.encode()
        sizes = len(sent_by).to_bytes(4, "big"), len(sent_to).to_bytes(4, "big"), len(body).to_bytes(4, "big")
        parts = b"%b%b%b%b%b%b" % (sizes[0], sent_by, sizes[1], sent_to, sizes[2], body)
        inner, outer = self._request_hmac[0].copy(), self._request_hmac[1].copy()
        inner.update(parts)
        outer.update(inner.digest())
        return outer.hexdigest()[:REQUEST_HASH_CHARACTERS]

    def token(self, prefix: str, principal: str, key: str) -> str:
        """Return the token of what one request hands over; the same request again has the same one.

        Args:
            prefix: of the public id, e.g. "dst".
            principal: scope of the idempotency key.
            key: the idempotency key. Nothing personal goes into a token.
        """
        mark = hmac.digest(self._token_key, frame(prefix.encode(), principal.encode(), key.encode()), "sha256")
        return f"{prefix}_{base64.b32encode(mark[:20]).decode().lower()}"

    def callback_secret(self, provider: str) -> bytes:
        """Return the secret that a provider signs its callbacks with."""
        return hmac.digest(self._token_key, frame(b"callback", provider.encode()), "sha256")

    def blind(self, value: str) -> bytes:
        """Return the mark (16 bytes) under which a value is found again; nobody can tell the value without the key."""
        return hmac.digest(self._blind_key, value.encode(), "sha256")[:BLIND_BYTES]

    def wrap(self, dek: bytes, place: bytes) -> tuple[bytes, bytes]:
        """Seal a data-encryption key for its place; return (nonce, ciphertext)."""
        return seal(self._wrap_key, dek, frame(self.id.encode(), place))

    def unwrap(self, nonce: bytes, wrapped: bytes, place: bytes) -> bytes:
        """Open a data-encryption key in its place.

        Raises:
            SealBroken: it was altered or moved, or another key wrapped it.
        """
        return unseal(self._wrap_key, nonce, wrapped, frame(self.id.encode(), place))


def load_kek(settings: Settings, warn: Callable[[str], None] | None = None) -> Kek:
    """Read the key from the file that the settings name, or else from the data folder, where it is made if need be.

    Args:
        warn: is told when a key has been made, because a copy of it has to be kept; None = the log.

    Raises:
        KekUnusable: the named file is missing, can be read by others, or does not hold 32 bytes in base64.
    """
    if settings.kek_file is None:
        folder = settings.data_folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "secrets" / "kek").exists():
            tell = warn or log.warning
            tell(f"made a key for the vault: keep a copy of {folder / 'secrets' / 'kek'}, apart from the database's")
        return Kek(_decode(secret(folder / "secrets", "kek"), folder / "secrets" / "kek"))
    return read_kek(settings.kek_file, "LEDGER_KEK_FILE")


def read_kek(file: Path, called: str) -> Kek:
    """Read a key from its file.

    Args:
        called: what an error calls the file.

    Raises:
        KekUnusable: it is missing, can be read by others, or does not hold 32 bytes in base64.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise KekUnusable(f"{called} {file} can be read by others; chmod 600 it")
        return Kek(_decode(file.read_text(), file))
    except (OSError, UnicodeDecodeError):
        raise KekUnusable(f"{called} {file} cannot be read; it must hold 32 bytes in base64") from None


def seal(key: bytes, plaintext: bytes, place: bytes) -> tuple[bytes, bytes]:
    """Seal bytes for their place under a fresh random nonce; return (nonce, ciphertext)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce, AESGCM(key).encrypt(nonce, plaintext, place)


def unseal(key: bytes, nonce: bytes, ciphertext: bytes, place: bytes) -> bytes:
    """Open sealed bytes in their place.

    Raises:
        SealBroken: they were altered or moved, or sealed under another key.
    """
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, place)
    except InvalidTag:
        raise SealBroken("a sealed value does not open in this place with this key") from None


def frame(*parts: bytes) -> bytes:
    """Join parts so that no other parts give the same bytes: each goes behind its length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _decode(text: str, file: Path) -> bytes:
    compact = text.strip().replace("+", "-").replace("/", "_").rstrip("=")
    try:
        key = base64.urlsafe_b64decode(compact + "=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KekUnusable(
            f"{file} must hold {KEY_BYTES} bytes in base64, as `openssl rand -base64 {KEY_BYTES}` writes them"
        )
    return key


def _hmac_halves(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the two digests that HMAC-SHA-256 begins with, to copy for each message: half of what it costs anew."""
    padded = key.ljust(hashlib.sha256().block_size, b"\x00")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in padded)), hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


def _derive(key: bytes, purpose: str) -> bytes:
    salt = hashlib.sha256(b"payments-ledger").digest()
    return HKDF(SHA256(), KEY_BYTES, salt, purpose.encode()).derive(key)
