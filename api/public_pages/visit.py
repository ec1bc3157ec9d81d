"""One reader at the page of one thing: what is asked for, what may be shown, and how a form is done once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

import orjson
from psycopg import AsyncConnection

from aggregates.dates import business_date
from api.ask import House
from api.pages.answers import Asked
from api.pages.gate import NONCE
from api.pages.html import Html
from api.pages.submitting import Done, submit
from api.pages.words import Words
from api.reply import Reply
from ledger.command import Command
from ledger.vault import LinkNotFound, PublicLink, Reading, SubjectNotFound

NOT_OURS = Done("form_outdated", 0)
"""What becomes of a form without what tells it from others: it was not made by a page of ours."""

NUMBER_DIGITS_MAX = 6

_NO_CONTENT = frozenset({"nonce"})


class Shown(NamedTuple):
    """What a page shows. reload_s: after how many seconds it asks for itself again; 0 = it does not."""

    content: Html
    reload_s: int = 0


class Taken(NamedTuple):
    """What became of a step.

    Attributes:
        wrong: said above the page, which is shown again; "" = done. position: of what was done; 0 = nothing.
        own: public id of what the reader has started; "" = nothing.
    """

    wrong: str = ""
    position: int = 0
    own: str = ""


class Visit(NamedTuple):
    """One reader, let in, at the page of one thing.

    Attributes:
        house: what the API works with. asked: the request. opened: where the link leads.
        own: public id of what the reader has started here; "" = nothing.
    """

    house: House
    asked: Asked
    opened: PublicLink
    own: str = ""

    @property
    def words(self) -> Words:
        """Return the reader's language."""
        return self.asked.words

    @property
    def thing_id(self) -> str:
        """Return what the page is about."""
        return self.opened.thing_id

    @property
    def principal(self) -> str:
        """Return in whose name the page reads and writes."""
        return f"page:{self.opened.thing_id}"

    def field(self, name: str) -> str:
        """Return what was typed into a field, without blanks around it; "" = nothing."""
        return self.asked.fields.get(name, "").strip()

    def number(self, name: str) -> int:
        """Return a number that one of our forms has carried; 0 = it is none, and nothing has it."""
        text = self.field(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else 0

    def now(self) -> datetime:
        """Return the ledger's time."""
        return self.house.engine.clock.now()

    def today(self) -> date:
        """Return the KST date."""
        return business_date(self.now())

    def key(self) -> str | None:
        """Return what names this form: the same form with the same content is the same. None = it is none of ours."""
        nonce = self.field("nonce")
        if not NONCE.fullmatch(nonce):
            return None
        content = {name: text for name, text in self.asked.fields.items() if name not in _NO_CONTENT}
        digest = sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
        return f"{self.thing_id}:{nonce}:{digest}"

    async def do(self, command: Command, *stale: str) -> Done:
        """Do what the form asks for, once.

        Args:
            stale: public ids of what other processes write to as well: looked at anew before it is decided.

        Raises:
            Unavailable.
        """
        key = self.key()
        if key is None:
            return NOT_OURS
        await self.house.engine.freshen(*stale)
        return await submit(self.house, self.asked, self.principal, self.asked.named, key, command)

    async def person(self, token: str | None, purpose: str) -> dict[str, str]:
        """Return the fields behind a token, the read on record; nothing of somebody who was forgotten.

        Raises:
            SealBroken, VaultUnavailable.
        """
        if token is None:
            return {}
        try:
            return await self.house.vault.get(token, Reading(self.principal, purpose, self.asked.request_id))
        except SubjectNotFound:
            return {}

    async def payee(self, account_id: str) -> str:
        """Return the name of the account that asks for the money, or pays it out."""
        return (await self.house.engine.account(account_id)).account.name


class Thing(ABC):
    """The page of one kind of thing.

    Attributes:
        VIEWS: what it is read from.
    """

    VIEWS: ClassVar[tuple[str, ...]] = ("obligations", "payments")

    def asks_code(self, opened: PublicLink) -> bool:
        """Say whether a code is sent to the phone after its last digits."""
        return False

    async def file(self, visit: Visit, conn: AsyncConnection[Any], name: str) -> Reply:
        """Return a file that goes with the thing. Raises: NotFound: there is none of this name."""
        raise LinkNotFound("there is no such file")

    @abstractmethod
    async def shown(self, visit: Visit, conn: AsyncConnection[Any]) -> Shown:
        """Show what there is. Raises: NotFound: it is gone. Unavailable."""

    @abstractmethod
    async def taken(self, visit: Visit, conn: AsyncConnection[Any]) -> Taken:
        """Take the step that the form names; of a step that the page does not have nothing comes.

        Raises:
            NotFound: it is gone. Unavailable.
        """
