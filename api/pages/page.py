"""Pages behind links as an ASGI application: one path, one link; GET shows, POST takes a step.

Every answer is a page of its own with the same headers: nothing is loaded, nothing runs, nothing is kept by caches.
Neither links nor what was typed are ever logged.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

import structlog

from aggregates.errors import LedgerError, Malformed, NotFound, Unavailable
from api.ask import House
from api.edge import Disconnected, Receive, Scope, Send, checked_headers, new_request_id, query_fields, read_body
from api.pages import pieces
from api.pages.answers import Asked
from api.pages.design import Sheet
from api.pages.words import Words, language_of
from api.problems import TooManyRequests
from api.rates import Buckets
from api.reply import Reply, reply_headers
from ledger.ports import PortUnavailable
from ledger.vault import LinkNotFound

log = structlog.get_logger("api.pages")

BODY_BYTES_MAX = 4 * 1024
FIELDS_MAX = 20
PAGE_LIMIT_S = 4.5
LANGUAGE_COOKIE = "lang"
LANGUAGE_AGE_S = 365 * 24 * 3600
VISITS_PER_S, VISITS_BURST = 1, 30
"""How often one link may be asked for."""

_LINK = re.compile(r"[a-z2-7]{32}")
_METHODS = ("GET", "HEAD", "POST")


class Pages:
    """Answers everything under one prefix; what a link shows is said by who stands on top of this.

    Args:
        house: what the API works with.
        name: what its answers are counted under. prefix: e.g. "/c/".
        offered: language -> sentences; the first is for readers who want none of them. own_style: of these pages.
    """

    def __init__(
        self,
        house: House,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        name: str,
        prefix: str,
        offered: Mapping[str, Words],
        own_style: str,
    ) -> None:
        self._house = house
        self._name = name
        self._prefix = prefix
        self._offered = offered
        self._sheet = Sheet(own_style, offered)
        self._visits = Buckets(VISITS_PER_S, VISITS_BURST, monotonic)
        self._headers = (
            (b"content-security-policy", self._sheet.policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-frame-options", b"DENY"),
            (b"x-robots-tag", b"noindex, nofollow"),
        )

    async def show(self, asked: Asked) -> Reply:
        """Answer a request for the page of a link.

        Raises:
            LinkNotFound. TooManyRequests. Unavailable, PortUnavailable.
        """
        raise LinkNotFound("there is no such link")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        request_id = new_request_id()
        cookies = _cookies(scope)
        words = language_of(_header(scope, b"accept-language"), cookies.get(LANGUAGE_COOKIE), self._offered)
        secure = self._house.environment == "live"
        asked = Asked(self._prefix, "", False, {}, words, self._sheet, cookies, secure, request_id)
        try:
            async with asyncio.timeout(PAGE_LIMIT_S):
                answer = await self._answer(scope, receive, asked)
        except Disconnected:
            return
        except NotFound:
            answer = asked.page(404, pieces.message(words.not_found_title, words.not_found))
        except TooManyRequests:
            answer = asked.page(429, pieces.message(words.unavailable_title, words.too_often))
        except (Unavailable, PortUnavailable, TimeoutError):
            answer = asked.page(503, pieces.message(words.unavailable_title, words.unavailable))
        except LedgerError:
            answer = asked.page(400, pieces.message(words.not_found_title, words.not_found))
        except Exception:
            log.exception("a page failed", pages=self._name, request_id=request_id)
            answer = asked.page(500, pieces.message(words.unavailable_title, words.unavailable))
        seconds = time.perf_counter() - began
        self._house.metrics.count(self._name, answer.status, seconds)
        log.debug("page", pages=self._name, status=answer.status, ms=round(seconds * 1000, 1), request_id=request_id)
        headers = [*reply_headers(answer, request_id), *self._headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, scope: Scope, receive: Receive, asked: Asked) -> Reply:
        """Find out what is asked for and answer it.

        Raises:
            LinkNotFound: there is no such page, or a step comes from elsewhere.
            TooManyRequests, Malformed, Unavailable.
        """
        headers = checked_headers(scope)
        link, method = scope["path"].removeprefix(self._prefix), scope["method"]
        if not _LINK.fullmatch(link):
            raise LinkNotFound("there is no such link")
        asked = asked._replace(link=link, step=method == "POST")
        if method not in _METHODS:
            words = asked.words
            refused = asked.page(405, pieces.message(words.not_found_title, words.not_found))
            return refused._replace(headers=((b"allow", ", ".join(_METHODS).encode()),))
        if not self._visits.take(link):
            raise TooManyRequests("this link is asked for too often")
        query = query_fields(scope["query_string"])
        if query.get("lang") in self._offered and not asked.step:
            return asked.onward(asked.cookie(LANGUAGE_COOKIE, query["lang"], self._prefix, LANGUAGE_AGE_S))
        asked = asked._replace(query=query)
        if asked.step:
            if _header(scope, b"sec-fetch-site") not in ("", "same-origin", "none"):
                raise LinkNotFound("a step is taken on the page itself")
            fields = _form(await read_body(receive, headers, BODY_BYTES_MAX, file=True))
            asked = asked._replace(fields=fields)
        return await self.show(asked)


def _form(body: bytes) -> dict[str, str]:
    """Read the fields of a form. Raises: Malformed."""
    try:
        return dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=FIELDS_MAX))
    except ValueError:
        raise Malformed("the form cannot be read") from None


def _header(scope: Scope, name: bytes) -> str:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")


def _cookies(scope: Scope) -> dict[str, str]:
    """Return the cookies that came; none when they cannot be read."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(_header(scope, b"cookie")).items()}
    except CookieError:
        return {}
