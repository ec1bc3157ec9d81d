"""One request for a page, and what may be answered to it: a page, or the way to one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from api.pages.design import Sheet
from api.pages.html import Html
from api.pages.words import Words
from api.reply import Reply

HTML = b"text/html; charset=utf-8"

Header = tuple[bytes, bytes]


class Asked(NamedTuple):
    """One request for a page.

    Attributes:
        prefix: under which the pages lie, e.g. "/c/". link: as it stands in the path behind it.
        step: whether a step is taken, with `fields` of its form. query: what stands behind the path.
        words: in the reader's language. sheet: how the page looks.
        secure: whether cookies go over https alone.
    """

    prefix: str
    link: str
    step: bool
    fields: dict[str, str]
    words: Words
    sheet: Sheet
    cookies: dict[str, str]
    secure: bool
    request_id: str
    query: Mapping[str, str] = MappingProxyType({})

    @property
    def named(self) -> str:
        """Return which step is taken; "" = none."""
        return self.fields.get("step", "") if self.step else ""

    def page(self, status: int, content: Html, *headers: Header, reload_s: int = 0) -> Reply:
        """Return a page as an answer; it asks for itself again after `reload_s` seconds, 0 = it does not."""
        return Reply(status, self.sheet.framed(self.words, content, reload_s=reload_s), headers, HTML)

    def onward(self, *headers: Header) -> Reply:
        """Send the reader to the page of the link, so that a reload takes no step again."""
        return Reply(303, b"", ((b"location", f"{self.prefix}{self.link}".encode()), *headers), HTML)

    def cookie(self, name: str, value: str, path: str, age_s: int) -> Header:
        """Return the header of a cookie that no script sees and no other site sends; an age of 0 ends it."""
        rest = f"Path={path}; Max-Age={age_s}; HttpOnly; SameSite=Strict{'; Secure' if self.secure else ''}"
        return b"set-cookie", f"{name}={value}; {rest}".encode()
