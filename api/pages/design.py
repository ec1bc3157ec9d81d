"""How pages look: sheets of style, each allowed by its hash, and the frame around what is shown."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from api.pages.html import NOTHING, Html, fill, joined
from api.pages.words import Words

BASE = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:#f3f4f6;color:#1b1f24;line-height:1.55;word-break:keep-all;overflow-wrap:anywhere;
font-family:-apple-system,BlinkMacSystemFont,"Apple SD Gothic Neo","Noto Sans KR","Noto Sans CJK KR","Malgun Gothic",
system-ui,sans-serif;font-size:17px}
.bar{display:flex;justify-content:space-between;align-items:center;max-width:30rem;margin:0 auto;padding:.9rem 1rem}
.bar strong{font-size:1rem}
.bar nav{display:flex;flex:none;gap:.4rem;margin-inline-end:-.6rem}
.bar a{color:#1d4ed8;padding:.6rem;margin:-.6rem 0;font-size:.95rem}
main{max-width:30rem;margin:0 auto;padding:0 1rem 2rem}
h1{font-size:1.4rem;line-height:1.35;margin:.6rem 0 .6rem}
p{margin:.5rem 0}
.panel{background:#fff;border:1px solid #e1e4e8;border-radius:14px;padding:1.25rem;margin:.9rem 0}
.panel>p:first-child{margin-top:0}
.panel>p:last-child{margin-bottom:0}
.letter{white-space:pre-line}
label{display:block;font-weight:600;margin:1rem 0 .4rem}
input[type=text]{width:100%;font:inherit;font-size:1.5rem;letter-spacing:.25em;text-align:center;padding:.7rem;
border:2px solid #9aa3af;border-radius:10px;background:#fff;color:inherit}
input[type=text]::placeholder{font-size:1rem;letter-spacing:0;color:#6b7280}
input[type=text]:focus::placeholder{color:transparent}
button,.button{display:block;width:100%;font:inherit;font-weight:700;text-align:center;text-decoration:none;
padding:.85rem;margin:1rem 0 0;border:0;border-radius:10px;background:#1d4ed8;color:#fff;cursor:pointer}
.plain{background:#fff;color:#1d4ed8;border:2px solid #1d4ed8}
:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}
.fault{background:#fdecec;border:1px solid #e9a3a3;color:#8a1414;border-radius:10px;padding:.7rem .9rem;margin:.9rem 0}
.notice{background:#fff7e0;border:1px solid #e5c76b;color:#5c4400;border-radius:10px;padding:.7rem .9rem;margin:.9rem 0}
fieldset{border:0;padding:0;margin:1rem 0 0}
legend{padding:0;font-weight:600}
.item{display:flex;gap:.9rem;align-items:center;background:#fff;border:2px solid #d5dae1;border-radius:12px;
padding:.9rem 1rem;margin:.7rem 0 0;font-weight:400;cursor:pointer}
.item:has(input:checked){border-color:#1d4ed8;background:#eff5ff}
.item input{width:1.4rem;height:1.4rem;flex:none;margin:0;accent-color:#1d4ed8}
.item b{display:block}.item small{display:block;color:#4b5563;font-size:.92rem}
.tag{display:inline-block;background:#e5e7eb;color:#374151;border-radius:6px;padding:0 .5rem;font-size:.85rem;
font-weight:600}
footer{color:#4b5563;font-size:.9rem;margin-top:1.6rem}
"""
"""The style that all pages share; each has a sheet of its own after it."""

_FRAME = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
{refresh}<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div class="bar"><strong>{title}</strong>
<nav>{others}</nav></div>
<main>
{content}
<footer>{footer}</footer>
</main>
</body>
</html>
"""

RELOAD_S = 3
"""After how many seconds a page asks for itself again where something is on its way."""


class Sheet:
    """One sheet of style and the frame that carries it.

    Attributes:
        policy: the Content-Security-Policy of its pages: nothing is loaded, nothing runs, and nobody puts the page into
            a frame.

    Args:
        own: what comes after the style that all pages share. offered: language -> sentences, for the switch.
    """

    def __init__(self, own: str, offered: Mapping[str, Words]) -> None:
        self._style = Html(BASE + own.lstrip())
        self._offered = offered
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self.policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'"
        )

    def framed(self, words: Words, content: Html, *, reload_s: int = 0) -> bytes:
        """Return a whole page.

        Args:
            reload_s: after how many seconds the page asks for itself again; 0 = it does not.
        """
        return fill(
            _FRAME,
            language=words.language,
            direction=words.direction,
            title=words.title,
            style=self._style,
            refresh=fill('<meta http-equiv="refresh" content="{s}">\n', s=reload_s) if reload_s else NOTHING,
            others=joined(_switch(other) for other in self._offered.values() if other.language != words.language),
            content=content,
            footer=words.footer,
        ).encode()


def _switch(other: Words) -> Html:
    return fill(
        '<a href="?lang={language}" lang="{language}" hreflang="{language}" dir="{direction}">{endonym}</a>',
        language=other.language,
        direction=other.direction,
        endonym=other.endonym,
    )
