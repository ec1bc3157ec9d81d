"""The recipient page as an ASGI application: one path, one link; GET shows, POST takes a step.

Every answer is a page of its own with the same headers: nothing is loaded, nothing runs, nothing is kept by caches.
Neither links nor what was typed are ever logged.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl

import structlog

from aggregates.errors import LedgerError, Malformed, NotFound, Unavailable
from api.ask import House
from api.edge import Disconnected, Receive, Scope, Send, checked_headers, new_request_id, query_fields, read_body
from api.problems import TooManyRequests
from api.rates import Buckets
from api.recipient_page import show
from api.recipient_page.design import SECURITY_POLICY
from api.recipient_page.steps import PREFIX, Asked, Steps, cookie, onward, page
from api.recipient_page.texts import TEXTS, Texts, language_of
from api.reply import Reply, reply_headers
from ledger.ports import PortUnavailable
from ledger.vault import LinkNotFound

log = structlog.get_logger("api.recipient_page")

BODY_BYTES_MAX = 4 * 1024
FIELDS_MAX = 10
PAGE_LIMIT_S = 4.5
LANGUAGE_COOKIE = "lang"
LANGUAGE_AGE_S = 365 * 24 * 3600
VISITS_PER_S, VISITS_BURST = 1, 30
"""How often one link may be asked for."""

_LINK = re.compile(r"[a-z2-7]{32}")
_METHODS = ("GET", "HEAD", "POST")

HEADERS = (
    (b"content-security-policy", SECURITY_POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"x-robots-tag", b"noindex, nofollow"),
)
"""Headers of every page, beside those of every answer of the service."""


class RecipientPage:
    """Answers everything under /c/.

    Args:
        house: what the API works with.
    """

    def __init__(self, house: House, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._steps = Steps(house, monotonic)
        self._visits = Buckets(VISITS_PER_S, VISITS_BURST, monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        request_id = new_request_id()
        cookies = _cookies(scope)
        texts = language_of(_header(scope, b"accept-language"), cookies.get(LANGUAGE_COOKIE))
        try:
            async with asyncio.timeout(PAGE_LIMIT_S):
                answer = await self._answer(scope, receive, texts, cookies, request_id)
        except Disconnected:
            return
        except NotFound:
            answer = page(texts, 404, show.message(texts.not_found_title, texts.not_found))
        except TooManyRequests:
            answer = page(texts, 429, show.message(texts.unavailable_title, texts.too_often))
        except (Unavailable, PortUnavailable, TimeoutError):
            answer = page(texts, 503, show.message(texts.unavailable_title, texts.unavailable))
        except LedgerError:
            answer = page(texts, 400, show.message(texts.not_found_title, texts.not_found))
        except Exception:
            log.exception("the recipient page failed", request_id=request_id)
            answer = page(texts, 500, show.message(texts.unavailable_title, texts.unavailable))
        seconds = time.perf_counter() - began
        self._house.metrics.count("recipient_page", answer.status, seconds)
        log.debug("page", status=answer.status, ms=round(seconds * 1000, 1), request_id=request_id)
        headers = [*reply_headers(answer, request_id), *HEADERS]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(
        self, scope: Scope, receive: Receive, texts: Texts, cookies: dict[str, str], request_id: str
    ) -> Reply:
        """Find out what is asked for and answer it.

        Raises:
            LinkNotFound: there is no such page, or a step comes from elsewhere.
            TooManyRequests, Malformed, Unavailable.
        """
        headers = checked_headers(scope)
        link, method = scope["path"].removeprefix(PREFIX), scope["method"]
        if not _LINK.fullmatch(link):
            raise LinkNotFound("there is no such link")
        if method not in _METHODS:
            refused = page(texts, 405, show.message(texts.not_found_title, texts.not_found))
            return refused._replace(headers=((b"allow", ", ".join(_METHODS).encode()),))
        if not self._visits.take(link):
            raise TooManyRequests("this link is asked for too often")
        query = query_fields(scope["query_string"])
        if query.get("lang") in TEXTS and method != "POST":
            secure = self._house.environment == "live"
            return onward(link, cookie(LANGUAGE_COOKIE, query["lang"], PREFIX, LANGUAGE_AGE_S, secure=secure))
        fields: dict[str, str] = {}
        if method == "POST":
            if _header(scope, b"sec-fetch-site") not in ("", "same-origin", "none"):
                raise LinkNotFound("a step is taken on the page itself")
            fields = _form(await read_body(receive, headers, BODY_BYTES_MAX, file=True))
        asked = Asked(link, method == "POST", fields, texts, cookies, request_id)
        return await self._steps.answer(asked)


def _form(body: bytes) -> dict[str, str]:
    """Read the fields of a form. Raises: Malformed."""
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=FIELDS_MAX))
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
