"""The way in: the last digits of the phone number, a code where one is sent, a new link where this one is locked.

Before they were right, a page says nothing about anybody (SPEC R-126). A new link is never shown: it goes to the phone.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from api.ask import House
from api.pages import pieces
from api.pages.answers import Asked, Header
from api.pages.session import LIFE, Session, Sessions
from api.problems import TooManyRequests
from api.rates import Buckets
from api.reply import Reply
from ledger.vault import Checked

SESSION_COOKIE = "page"
CODES_PER_S, CODES_BURST = 1 / 60, 3
"""How often a code may be sent to the phone of one link."""

LINK_LIMIT, LINK_ON_ITS_WAY = "link_limit_reached", "link_on_its_way"
"""Codes of the refusals to send a new link: enough were sent; the one asked for before is on its way."""

NONCE = re.compile(r"[A-Za-z0-9_-]{8,40}")
_DIGITS = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[0-9]{6}")
_PLAIN_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "0123456789" * 2)
_NOBODYS_DIGITS = "-"
"""Never right: counts as a wrong try."""


def plain_digits(text: str) -> str:
    """Return text with Persian and Arabic digits written as ASCII ones, without blanks around it."""
    return text.translate(_PLAIN_DIGITS).strip()


class Threshold(NamedTuple):
    """What stands between a reader and the page of one link.

    Attributes:
        locked: nobody gets in by this link any more. asks: for the last digits of the phone.
        code: whether a code is sent to the phone, too, where codes can be sent.
        check: try digits. phone: find the number that the code goes to.
        send_link: have a new link sent for the form of this nonce; returns the code of a refusal, "" without one;
            None = it cannot be sent.
    """

    locked: bool
    asks: bool
    code: bool
    check: Callable[[str], Awaitable[Checked]]
    phone: Callable[[], Awaitable[str]]
    send_link: Callable[[str], Awaitable[str]] | None


class Gate:
    """Lets readers in who have the link and know what its receiver knows.

    Args:
        secret: name of the secret that sessions are signed with.
    """

    def __init__(self, house: House, secret: str, monotonic: Callable[[], float]) -> None:
        self._house = house
        self._sessions = Sessions(house.vault.callback_secret(secret))
        self._codes = Buckets(CODES_PER_S, CODES_BURST, monotonic)

    async def pass_by(self, asked: Asked, threshold: Threshold) -> Session | Reply:
        """Return the session of a reader who is in, or else the page that is shown instead.

        Raises:
            LinkNotFound. TooManyRequests: too many codes. Unavailable, PortUnavailable.
        """
        words, step = asked.words, asked.named
        if threshold.locked:
            return await self._send_link(asked, threshold) if step == "link" else self._locked(asked, threshold)
        session = self._sessions.read(asked.cookies.get(SESSION_COOKIE, ""), asked.link, self._now())
        if not threshold.asks:
            return session or Session("in")
        if step == "digits":
            return await self._check_digits(asked, threshold)
        if step == "code" and session is not None and session.stage == "code":
            return await self._check_code(asked, threshold, session)
        if step == "again":
            return asked.onward(self.ended(asked))
        if session is not None and session.stage == "in":
            return session
        if asked.step:
            return asked.onward()
        return asked.page(200, pieces.check_form(words) if session is None else pieces.code_form(words))

    def kept(self, asked: Asked, session: Session) -> Header:
        """Return the header that keeps a session for this link alone."""
        value = self._sessions.sign(session, asked.link, self._now())
        return asked.cookie(SESSION_COOKIE, value, asked.prefix + asked.link, int(LIFE.total_seconds()))

    def ended(self, asked: Asked) -> Header:
        """Return the header that ends the session."""
        return asked.cookie(SESSION_COOKIE, "", asked.prefix + asked.link, 0)

    async def _check_digits(self, asked: Asked, threshold: Threshold) -> Reply:
        words, digits = asked.words, plain_digits(asked.fields.get("digits", ""))
        if not _DIGITS.fullmatch(digits):
            return asked.page(422, pieces.check_form(words, words.digits_hint))
        checked = await threshold.check(digits)
        if checked.locked:
            return self._locked(asked, threshold)
        if not checked.ok:
            return asked.page(422, pieces.check_form(words, words.wrong_digits.format(left=checked.tries_left)))
        if not threshold.code or self._house.ports is None:
            return asked.onward(self.kept(asked, Session("in")))
        if not self._codes.take(asked.link):
            raise TooManyRequests("too many codes were sent to this phone")
        code_key = f"page:{secrets.token_hex(12)}"
        await self._house.ports.otp.send(await threshold.phone(), code_key)
        return asked.onward(self.kept(asked, Session("code", code_key)))

    async def _check_code(self, asked: Asked, threshold: Threshold, session: Session) -> Reply:
        words, code = asked.words, plain_digits(asked.fields.get("code", ""))
        if not _CODE.fullmatch(code):
            return asked.page(422, pieces.code_form(words, words.code_hint))
        assert self._house.ports is not None, "a code was sent"
        told = await self._house.ports.otp.verify(session.code_key, code)
        if told == "right":
            return asked.onward(self.kept(asked, Session("in")))
        if told == "wrong":
            return asked.page(422, pieces.code_form(words, words.wrong_code))
        if told == "locked":
            # Five wrong codes are one wrong try of the link: guessing by ever new codes comes to its end, too.
            checked = await threshold.check(_NOBODYS_DIGITS)
            if checked.locked:
                return self._locked(asked, threshold)
        return asked.page(422, pieces.check_form(words, words.code_over), self.ended(asked))

    def _locked(self, asked: Asked, threshold: Threshold, wrong: str = "", status: int = 403) -> Reply:
        """Say that a link is locked; where messages can be sent, offer to send another one to the phone."""
        words = asked.words
        if self._house.ports is None or threshold.send_link is None:
            return asked.page(status, pieces.message(words.locked_title, words.locked_for_good))
        return asked.page(status, pieces.locked(words, new_nonce(), wrong))

    async def _send_link(self, asked: Asked, threshold: Threshold) -> Reply:
        """Have a new link sent to the phone that this one was sent to; a reaction sends it, once (SPEC R-126)."""
        words, nonce = asked.words, asked.fields.get("nonce", "")
        if self._house.ports is None or threshold.send_link is None or not NONCE.fullmatch(nonce):
            return self._locked(asked, threshold)
        code = await threshold.send_link(nonce)
        if code == LINK_LIMIT:
            return self._locked(asked, threshold, words.link_limit, 429)
        if code not in ("", LINK_ON_ITS_WAY):
            return self._locked(asked, threshold)
        return asked.page(200, pieces.message(words.link_sent_title, words.link_sent))

    def _now(self) -> datetime:
        return self._house.engine.clock.now()


def new_nonce() -> str:
    """Return what tells one form that was shown from all others: sent twice, it is done once."""
    return secrets.token_urlsafe(12)
