"""Pieces that every page is made of: what it tells, and the forms on the way in."""

from __future__ import annotations

from api.pages.html import NOTHING, Html, fill
from api.pages.words import Words

DIGITS = "0-9۰-۹٠-٩"
"""Digits as keyboards of our readers type them."""


def notice(text: str) -> Html:
    """Return something the reader should know."""
    return fill('<p class="notice" role="status">{text}</p>', text=text)


def fault(text: str) -> Html:
    """Return what was wrong; nothing when nothing was."""
    return fill('<p class="fault" role="alert">{text}</p>', text=text) if text else NOTHING


def message(title: str, text: str) -> Html:
    """Return a page that only says something."""
    return fill('<h1>{title}</h1><div class="panel"><p>{text}</p></div>', title=title, text=text)


def locked(words: Words, nonce: str, wrong: str = "") -> Html:
    """Say that the link is locked, and offer to send a new one to the phone."""
    return fill(
        '<h1>{title}</h1>{wrong}<form class="panel" method="post"><p>{text}</p>'
        '<input type="hidden" name="step" value="link"><input type="hidden" name="nonce" value="{nonce}">'
        '<button type="submit">{send}</button></form>',
        title=words.locked_title,
        wrong=fault(wrong),
        text=words.locked,
        nonce=nonce,
        send=words.send_link,
    )


def check_form(words: Words, wrong: str = "") -> Html:
    """Ask for the last digits of the phone number."""
    return fill(
        '<h1>{title}</h1>{wrong}<form class="panel" method="post"><p>{why}</p>'
        '<input type="hidden" name="step" value="digits">'
        '<label for="digits">{label}</label>'
        '<input type="text" id="digits" name="digits" dir="ltr" inputmode="numeric" pattern="{pattern}" minlength="4"'
        ' maxlength="4" autocomplete="off" placeholder="{hint}" required autofocus>'
        '<button type="submit">{confirm}</button></form>',
        title=words.check_title,
        wrong=fault(wrong),
        why=words.check_why,
        label=words.digits,
        hint=words.digits_hint,
        pattern=f"[{DIGITS}]{{4}}",
        confirm=words.confirm,
    )


def code_form(words: Words, wrong: str = "") -> Html:
    """Ask for the code that was sent to the phone."""
    return fill(
        '<h1>{title}</h1>{wrong}<form class="panel" method="post"><p>{why}</p>'
        '<input type="hidden" name="step" value="code">'
        '<label for="code">{label}</label>'
        '<input type="text" id="code" name="code" dir="ltr" inputmode="numeric" pattern="{pattern}" minlength="6"'
        ' maxlength="6" autocomplete="one-time-code" placeholder="{hint}" required autofocus>'
        '<button type="submit">{confirm}</button></form>'
        '<form method="post"><input type="hidden" name="step" value="again">'
        '<button class="plain" type="submit">{again}</button></form>',
        title=words.code_title,
        wrong=fault(wrong),
        why=words.code_why,
        label=words.code,
        hint=words.code_hint,
        pattern=f"[{DIGITS}]{{6}}",
        confirm=words.confirm,
        again=words.again,
    )
