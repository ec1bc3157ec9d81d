"""The steps of the recipient page: in by the gate, then the coupons or a choice; a new link where this one is locked.

Before the digits of the phone number (and, where codes can be sent, a code) were right, a page says nothing about
anybody (SPEC R-126). A new link is never shown: it goes to the phone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import partial

from aggregates.dates import business_date
from aggregates.order.texts import filled
from api.ask import House
from api.pages.answers import Asked
from api.pages.design import RELOAD_S
from api.pages.gate import NONCE, Gate, Threshold
from api.pages.html import NOTHING, Html, joined
from api.pages.session import Session
from api.pages.submitting import submit
from api.recipient_page import show
from api.recipient_page.content import content_of
from api.recipient_page.texts import TEXTS, Texts
from api.reply import Reply
from ledger.commands.order_work import ChooseItem, SendLink
from ledger.vault import Link, LinkNotFound, Person, Reading
from projections import order_queries, order_work

_LINE = re.compile(r"[0-9]{1,2}")


class Steps:
    """Takes readers from their link to their coupons."""

    def __init__(self, house: House, monotonic: Callable[[], float]) -> None:
        self._house = house
        self._gate = Gate(house, "recipient page", monotonic)

    async def answer(self, asked: Asked) -> Reply:
        """Answer a request for the page of a link.

        Raises:
            LinkNotFound. TooManyRequests: too many codes. Unavailable, PortUnavailable.
        """
        opened = await self._house.vault.links.open(asked.link)
        threshold = Threshold(
            locked=opened.locked,
            asks=True,
            code=True,
            check=partial(self._house.vault.links.check, asked.link),
            phone=partial(self._phone, asked, opened),
            send_link=partial(self._send_link, asked, opened),
        )
        session = await self._gate.pass_by(asked, threshold)
        if isinstance(session, Reply):
            return session
        if asked.named == "choose":
            return await self._choose(asked, opened, session)
        return asked.onward() if asked.step else await self._inside(asked, opened, session)

    async def _phone(self, asked: Asked, opened: Link) -> str:
        reading = Reading(f"recipient:{opened.order_id}", "send a code to the recipient", asked.request_id)
        people = await self._house.vault.people.get([opened.token], reading)
        if opened.token not in people:
            raise LinkNotFound("the recipient has been forgotten")
        return people[opened.token].phone

    async def _send_link(self, asked: Asked, opened: Link, nonce: str) -> str:
        key = f"{opened.order_id}:link:{opened.recipient}:{nonce}"
        command = SendLink(opened.order_id, opened.recipient)
        return (await submit(self._house, asked, _principal(opened), "link", key, command)).refused

    async def _choose(self, asked: Asked, opened: Link, session: Session) -> Reply:
        texts = TEXTS[asked.words.language]
        line, nonce = asked.fields.get("line", ""), asked.fields.get("nonce", "")
        if not (_LINE.fullmatch(line) and NONCE.fullmatch(nonce)):
            return await self._inside(asked, opened, session, texts.choose_one)
        async with self._house.views.see("orders", "products") as (conn, _):
            off_sale = await order_work.off_sale_lines(conn, opened.order_id)
        # The same form sent twice is one choice; the same choice on a form of later is looked at anew.
        key = f"{opened.order_id}:choice:{opened.recipient}:{int(line)}:{nonce}"
        command = ChooseItem(opened.order_id, opened.recipient, int(line), off_sale)
        done = await submit(self._house, asked, _principal(opened), "choose", key, command)
        if done.refused:
            return await self._inside(asked, opened, session, _refusal(texts, done.refused))
        return asked.onward(self._gate.kept(asked, Session("in", position=done.position)))

    async def _inside(self, asked: Asked, opened: Link, session: Session, wrong: str = "") -> Reply:
        """Show the verified recipient what there is; who is still here stays in."""
        house, texts = self._house, TEXTS[asked.words.language]
        async with house.views.see("orders", "products", at_least=session.position or None) as (conn, _):
            order = await order_queries.row_of(conn, opened.order_id)
            recipient = await order_queries.one_recipient(conn, order, opened.recipient)
            off_sale = await order_work.off_sale_lines(conn, opened.order_id)
        reading = Reading(f"recipient:{opened.order_id}", "show to the verified recipient", asked.request_id)
        people = await house.vault.people.get([opened.token], reading)
        if recipient is None or opened.token not in people:
            raise LinkNotFound("the recipient has been forgotten")
        numbers = (await house.vault.coupons.get([opened.token], reading)).get(opened.token, {})
        content, waits = content_of(
            texts, order["lines"], recipient, numbers, off_sale, today=self._today(), wrong=wrong
        )
        person = people[opened.token]
        letter = await self._letter(order["texts_token"], person, reading)
        shown = joined([show.greeting(texts, person.name), letter, content])
        return asked.page(
            422 if wrong else 200, shown, self._gate.kept(asked, session), reload_s=RELOAD_S if waits else 0
        )

    async def _letter(self, token: str | None, person: Person, reading: Reading) -> Html:
        """Return what the orderer has typed for the page, filled for its reader (SPEC 3.1)."""
        typed = {} if token is None else await self._house.vault.people.texts(token, reading)
        if "page" not in typed:
            return NOTHING
        anniversary = typed.get("anniversary", "")
        return show.letter(filled(typed["page"], name=person.name, company=person.company, anniversary=anniversary))

    def _today(self) -> date:
        return business_date(self._house.engine.clock.now())


def _principal(opened: Link) -> str:
    return f"recipient:{opened.order_id}"


def _refusal(texts: Texts, code: str) -> str:
    """Say in the reader's words why a choice was refused."""
    told = {
        "already_chosen": texts.already_chosen,
        "choice_window_closed": texts.choice_closed,
        "item_gone": texts.item_gone,
    }
    return told.get(code, texts.choose_one)
