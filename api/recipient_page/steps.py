"""The steps of the recipient page: last digits, code, the coupons or a choice; a new link where this one is locked.

Before the digits of the phone number (and, where codes can be sent, a code) were right, a page says nothing about
anybody (SPEC R-126). A new link is never shown: it goes to the phone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

import orjson

from aggregates.dates import business_date
from aggregates.errors import LedgerError, Unavailable
from aggregates.order.texts import filled
from api.ask import House
from api.problems import TooManyRequests
from api.rates import Buckets
from api.recipient_page import show
from api.recipient_page.content import content_of
from api.recipient_page.design import framed
from api.recipient_page.html import NOTHING, Html, joined
from api.recipient_page.session import LIFE, Session, Sessions
from api.recipient_page.texts import Texts
from api.reply import Reply
from ledger.command import Call, Command
from ledger.commands.order_work import ChooseItem, SendLink
from ledger.vault import Link, LinkNotFound, Person, Reading
from projections import order_queries, order_work

PREFIX = "/c/"
HTML = b"text/html; charset=utf-8"
SESSION_COOKIE = "page"
CODES_PER_S, CODES_BURST = 1 / 60, 3
"""How often a code may be sent to the phone of one link."""

_DIGITS = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[0-9]{6}")
_LINE = re.compile(r"[0-9]{1,2}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{8,40}")
_NOBODYS_DIGITS = "-"
"""Never right: counts as a wrong try."""

Header = tuple[bytes, bytes]


class Asked(NamedTuple):
    """One request for the page.

    Attributes:
        link: as it stands in the path. step: whether a step is taken, with `fields` of its form.
        texts: in the reader's language.
    """

    link: str
    step: bool
    fields: dict[str, str]
    texts: Texts
    cookies: dict[str, str]
    request_id: str


def page(texts: Texts, status: int, content: Html, *headers: Header, reload: bool = False) -> Reply:
    """Return a page as an answer."""
    return Reply(status, framed(texts, content, reload=reload), headers, HTML)


def onward(link: str, *headers: Header) -> Reply:
    """Send the reader to the page of a link, so that a reload takes no step again."""
    return Reply(303, b"", ((b"location", f"{PREFIX}{link}".encode()), *headers), HTML)


def cookie(name: str, value: str, path: str, age_s: int, *, secure: bool) -> Header:
    """Return the header of a cookie that no script sees and no other site sends; an age of 0 ends it."""
    text = f"{name}={value}; Path={path}; Max-Age={age_s}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"
    return b"set-cookie", text.encode()


class Steps:
    """Takes readers from their link to their coupons."""

    def __init__(self, house: House, monotonic: Callable[[], float]) -> None:
        self._house = house
        self._sessions = Sessions(house.vault.callback_secret("recipient page"))
        self._codes = Buckets(CODES_PER_S, CODES_BURST, monotonic)

    async def answer(self, asked: Asked) -> Reply:
        """Answer a request for the page of a link.

        Raises:
            LinkNotFound. TooManyRequests: too many codes. Unavailable, PortUnavailable.
        """
        texts = asked.texts
        opened = await self._house.vault.links.open(asked.link)
        if opened.locked:
            if asked.step and asked.fields.get("step") == "link":
                return await self._send_link(asked, opened)
            return self._locked(texts)
        session = self._sessions.read(asked.cookies.get(SESSION_COOKIE, ""), asked.link, self._now())
        if asked.step:
            return await self._step(asked, opened, session)
        if session is None:
            return page(texts, 200, show.check_form(texts))
        if session.stage == "code":
            return page(texts, 200, show.code_form(texts))
        return await self._inside(asked, opened, session)

    async def _step(self, asked: Asked, opened: Link, session: Session | None) -> Reply:
        step = asked.fields.get("step", "")
        if step == "digits":
            return await self._check_digits(asked, opened)
        if step == "code" and session is not None and session.stage == "code":
            return await self._check_code(asked, session)
        if step == "choose" and session is not None and session.stage == "in":
            return await self._choose(asked, opened, session)
        return onward(asked.link, *((self._ended(asked.link),) if step == "again" else ()))

    async def _check_digits(self, asked: Asked, opened: Link) -> Reply:
        texts, digits = asked.texts, asked.fields.get("digits", "").strip()
        if not _DIGITS.fullmatch(digits):
            return page(texts, 422, show.check_form(texts, texts.digits_hint))
        checked = await self._house.vault.links.check(asked.link, digits)
        if checked.locked:
            return self._locked(texts)
        if not checked.ok:
            return page(texts, 422, show.check_form(texts, texts.wrong_digits.format(left=checked.tries_left)))
        if self._house.ports is None:
            return onward(asked.link, self._kept(asked.link, Session("in")))
        if not self._codes.take(asked.link):
            raise TooManyRequests("too many codes were sent to this phone")
        reading = Reading(f"recipient:{opened.order_id}", "send a code to the recipient", asked.request_id)
        people = await self._house.vault.people.get([opened.token], reading)
        if opened.token not in people:
            raise LinkNotFound("the recipient has been forgotten")
        code_key = f"page:{secrets.token_hex(12)}"
        await self._house.ports.otp.send(people[opened.token].phone, code_key)
        return onward(asked.link, self._kept(asked.link, Session("code", code_key)))

    async def _check_code(self, asked: Asked, session: Session) -> Reply:
        texts, code = asked.texts, asked.fields.get("code", "").strip()
        if not _CODE.fullmatch(code):
            return page(texts, 422, show.code_form(texts, texts.code_hint))
        assert self._house.ports is not None, "a code was sent"
        told = await self._house.ports.otp.verify(session.code_key, code)
        if told == "right":
            return onward(asked.link, self._kept(asked.link, Session("in")))
        if told == "wrong":
            return page(texts, 422, show.code_form(texts, texts.wrong_code))
        if told == "locked":
            # Five wrong codes are one wrong try of the link: guessing by ever new codes comes to its end, too.
            checked = await self._house.vault.links.check(asked.link, _NOBODYS_DIGITS)
            if checked.locked:
                return self._locked(texts)
        return page(texts, 422, show.check_form(texts, texts.code_over), self._ended(asked.link))

    def _locked(self, texts: Texts, wrong: str = "", status: int = 403) -> Reply:
        """Say that a link is locked; where messages can be sent, offer to send another one to the phone."""
        if self._house.ports is None:
            return page(texts, status, show.message(texts.locked_title, texts.locked_for_good))
        return page(texts, status, show.locked(texts, secrets.token_urlsafe(12), wrong))

    async def _send_link(self, asked: Asked, opened: Link) -> Reply:
        """Have a new link sent to the phone that this one was sent to; a reaction sends it, once (SPEC R-126)."""
        texts, nonce = asked.texts, asked.fields.get("nonce", "")
        if self._house.ports is None or not _NONCE.fullmatch(nonce):
            return self._locked(texts)
        key = f"{opened.order_id}:link:{opened.recipient}:{nonce}"
        code, _ = await self._submit(asked, "link", key, SendLink(opened.order_id, opened.recipient))
        if code == "link_limit_reached":
            return self._locked(texts, texts.link_limit, 429)
        if code not in ("", "link_on_its_way"):
            return self._locked(texts)
        return page(texts, 200, show.message(texts.link_sent_title, texts.link_sent))

    async def _submit(self, asked: Asked, step: str, key: str, command: Command) -> tuple[str, int]:
        """Do what a form asks for, once for each form; return the code of its refusal ("" without one) and a position.

        Raises:
            Unavailable.
        """
        mark = self._house.vault.request_hash("PAGE", step, key.encode())
        call = Call(f"recipient:{key.partition(':')[0]}", "", key, mark, asked.request_id)
        try:
            outcome = await self._house.engine.submit(command, call)
        except Unavailable:
            raise
        except LedgerError as error:
            return error.code, 0
        return str(orjson.loads(outcome.body).get("code")) if outcome.status >= 400 else "", outcome.position

    async def _choose(self, asked: Asked, opened: Link, session: Session) -> Reply:
        line, nonce = asked.fields.get("line", ""), asked.fields.get("nonce", "")
        if not (_LINE.fullmatch(line) and _NONCE.fullmatch(nonce)):
            return await self._inside(asked, opened, session, asked.texts.choose_one)
        async with self._house.views.see("orders", "products") as (conn, _):
            off_sale = await order_work.off_sale_lines(conn, opened.order_id)
        # The same form sent twice is one choice; the same choice on a form of later is looked at anew.
        key = f"{opened.order_id}:choice:{opened.recipient}:{int(line)}:{nonce}"
        command = ChooseItem(opened.order_id, opened.recipient, int(line), off_sale)
        code, position = await self._submit(asked, "choose", key, command)
        if code:
            return await self._inside(asked, opened, session, _refusal(asked.texts, code))
        return onward(asked.link, self._kept(asked.link, Session("in", position=position)))

    async def _inside(self, asked: Asked, opened: Link, session: Session, wrong: str = "") -> Reply:
        """Show the verified recipient what there is; who is still here stays in."""
        house, texts = self._house, asked.texts
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
        return page(texts, 422 if wrong else 200, shown, self._kept(asked.link, session), reload=waits)

    async def _letter(self, token: str | None, person: Person, reading: Reading) -> Html:
        """Return what the orderer has typed for the page, filled for its reader (SPEC 3.1)."""
        typed = {} if token is None else await self._house.vault.people.texts(token, reading)
        if "page" not in typed:
            return NOTHING
        anniversary = typed.get("anniversary", "")
        return show.letter(filled(typed["page"], name=person.name, company=person.company, anniversary=anniversary))

    def _kept(self, link: str, session: Session) -> Header:
        """Return the header that keeps a session for this link alone."""
        value = self._sessions.sign(session, link, self._now())
        return cookie(SESSION_COOKIE, value, PREFIX + link, int(LIFE.total_seconds()), secure=self._is_live)

    def _ended(self, link: str) -> Header:
        return cookie(SESSION_COOKIE, "", PREFIX + link, 0, secure=self._is_live)

    @property
    def _is_live(self) -> bool:
        return self._house.environment == "live"

    def _now(self) -> datetime:
        return self._house.engine.clock.now()

    def _today(self) -> date:
        return business_date(self._now())


def _refusal(texts: Texts, code: str) -> str:
    """Say in the reader's words why a choice was refused."""
    told = {
        "already_chosen": texts.already_chosen,
        "choice_window_closed": texts.choice_closed,
        "item_gone": texts.item_gone,
    }
    return told.get(code, texts.choose_one)
