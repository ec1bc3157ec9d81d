"""Addresses of public pages: what a payee hands over to who shall pay (SPEC R-126)."""

from __future__ import annotations

from api.ask import House
from ledger.vault import SubjectNotFound


async def link_of(house: House, thing_id: str, subject: str | None) -> str | None:
    """Return the address of a thing's page as it is now, one that was locked replaced; None: its person was forgotten.

    Args:
        subject: vault token of who it is for; None = whoever has it.

    Raises:
        SealBroken, VaultUnavailable.
    """
    try:
        return _page(house, await house.vault.public_links.renew(thing_id, subject))
    except SubjectNotFound:
        return None


async def first_link_of(house: House, thing_id: str, subject: str | None) -> str | None:
    """Return the address that a thing's page had first: the same in every answer to the same request.

    Raises: as `link_of`.
    """
    try:
        return _page(house, await house.vault.public_links.make(thing_id, subject))
    except SubjectNotFound:
        return None


def _page(house: House, link: str) -> str:
    return f"{house.public_url}/p/{link}"
