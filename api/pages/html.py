"""HTML out of templates: whatever is put into one is escaped, unless it was made here."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class _Filler(string.Formatter):
    """Fills {names} of a template; knows no attributes, indexes or formats, so that a template can say nothing else."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec:
            raise ValueError("a template has no formats")
        return value if isinstance(value, Html) else escape(str(value), quote=True)

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        if conversion:
            raise ValueError("a template has no conversions")
        return value


_FILLER = _Filler()


def fill(template: str, **parts: object) -> Html:
    """Return a template with its {names} filled in; every part is escaped unless it is `Html`."""
    return Html(_FILLER.vformat(template, (), parts))


def joined(parts: Iterable[Html]) -> Html:
    """Return pieces of HTML one after the other."""
    return Html("".join(parts))


NOTHING = Html("")
