"""The vault: personal data, apart from the ledger; see `ledger.vault.vault`."""

from ledger.vault.door import (
    ASIDE_FROM,
    RETAINED_UNTIL_ERASED,
    Reading,
    SubjectHeld,
    SubjectNotFound,
    VaultUnavailable,
)
from ledger.vault.links import Checked, Link, LinkNotFound
from ledger.vault.people import PEOPLE_MAX, OpenParty, Party
from ledger.vault.person import HIDDEN, MASK, Person, mask, masked
from ledger.vault.public_links import PublicLink
from ledger.vault.uploads import BadRow, UploadNotFound
from ledger.vault.vault import PAYOUT_BASIS, Vault, open_vault

__all__ = [
    "ASIDE_FROM",
    "HIDDEN",
    "MASK",
    "PAYOUT_BASIS",
    "PEOPLE_MAX",
    "RETAINED_UNTIL_ERASED",
    "BadRow",
    "Checked",
    "Link",
    "LinkNotFound",
    "OpenParty",
    "Party",
    "Person",
    "PublicLink",
    "Reading",
    "SubjectHeld",
    "SubjectNotFound",
    "UploadNotFound",
    "Vault",
    "VaultUnavailable",
    "mask",
    "masked",
    "open_vault",
]
