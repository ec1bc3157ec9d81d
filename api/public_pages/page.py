"""The public pages: what a link under /p/ leads to, behind the last digits of a phone where somebody stands behind it.

The prefix of the thing's id says which page. Before the digits were right, a page says nothing about anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from psycopg import AsyncConnection

from api.ask import House
from api.pages import pieces, words
from api.pages.answers import Asked
from api.pages.gate import LINK_LIMIT, Gate, Threshold
from api.pages.html import joined
from api.pages.page import Pages
from api.pages.session import Session
from api.pages.submitting import submit
from api.public_pages.design import OWN_STYLE
from api.public_pages.things import THINGS
from api.public_pages.visit import Thing, Visit
from api.reply import Reply
from ledger.commands.collecting.public_links import SendPublicLink
from ledger.vault import LinkNotFound, PublicLink

PREFIX = "/p/"

WORDS = {
    "ko": replace(words.KO, title="결제 안내"),
    "en": replace(words.EN, title="Payments"),
    "fa": replace(words.FA, title="پرداخت"),
}


class PublicPages(Pages):
    """Answers everything under /p/.

    Args:
        house: what the API works with.
    """

    def __init__(self, house: House, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(house, monotonic, name="public_page", prefix=PREFIX, offered=WORDS, own_style=OWN_STYLE)
        self._gate = Gate(house, "public page", monotonic)

    async def show(self, asked: Asked) -> Reply:
        """Answer a request for the page of a thing. Raises: as of `Pages.show`."""
        links = self._house.vault.public_links
        opened = await links.open(asked.link)
        thing = THINGS.get(opened.thing_id.partition("_")[0])
        if thing is None:
            raise LinkNotFound("nothing is shown of this")
        threshold = Threshold(
            locked=opened.locked,
            asks=opened.asks,
            code=thing.asks_code(opened),
            check=partial(links.check, asked.link),
            phone=partial(self._phone, asked, opened),
            send_link=partial(self._send_link, asked, opened),
        )
        session = await self._gate.pass_by(asked, threshold)
        if isinstance(session, Reply):
            return session
        visit = Visit(self._house, asked, opened, session.own)
        async with self._house.views.see(*thing.VIEWS, at_least=session.position or None) as (conn, _):
            if "file" in asked.query and not asked.step:
                return await thing.file(visit, conn, asked.query["file"])
            return await (self._take if asked.step else self._shown)(visit, thing, conn, session)

    async def _take(self, visit: Visit, thing: Thing, conn: AsyncConnection[Any], session: Session) -> Reply:
        taken = await thing.taken(visit, conn)
        if taken.wrong:
            return await self._shown(visit, thing, conn, session, taken.wrong)
        kept = session._replace(position=max(session.position, taken.position), own=taken.own or session.own)
        return visit.asked.onward(self._gate.kept(visit.asked, kept))

    async def _shown(
        self, visit: Visit, thing: Thing, conn: AsyncConnection[Any], session: Session, wrong: str = ""
    ) -> Reply:
        """Show the page; who is still here stays in."""
        shown = await thing.shown(visit, conn)
        content = joined([pieces.fault(wrong), shown.content])
        kept = self._gate.kept(visit.asked, session)
        return visit.asked.page(422 if wrong else 200, content, kept, reload_s=0 if wrong else shown.reload_s)

    async def _phone(self, asked: Asked, opened: PublicLink) -> str:
        fields = await Visit(self._house, asked, opened).person(opened.subject, "send a code to the phone")
        if not fields:
            raise LinkNotFound("whoever the link was for has been forgotten")
        return fields["phone"]

    async def _send_link(self, asked: Asked, opened: PublicLink, nonce: str) -> str:
        """Have a new link sent to the phone, by the reaction that tells people; return the code of a refusal."""
        if opened.subject is None:
            return LINK_LIMIT
        command = SendPublicLink(opened.thing_id, opened.subject)
        principal = f"page:{opened.thing_id}"
        return (await submit(self._house, asked, principal, "link", f"{opened.thing_id}:link:{nonce}", command)).refused
