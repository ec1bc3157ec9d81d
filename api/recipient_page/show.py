"""What the recipient page shows, state by state: pure functions from what is known to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from api.pages.html import NOTHING, Html, fill, joined
from api.pages.pieces import fault, notice
from api.recipient_page.texts import Texts


class Card(NamedTuple):
    """A coupon to show. number: None while it is not shown. until: last day; None of one that cannot be used."""

    brand: str
    name: str
    number: str | None
    until: date | None


class Item(NamedTuple):
    """An item to choose. gone: it cannot be had any more."""

    line: int
    brand: str
    name: str
    gone: bool


def greeting(texts: Texts, name: str) -> Html:
    """Return the headline for the verified recipient."""
    text = texts.greeting.format(name=name) if name else texts.greeting_nameless
    return fill("<h1>{text}</h1>", text=text)


def letter(text: str) -> Html:
    """Return what the orderer has written, in its own lines."""
    return fill('<div class="panel letter">{text}</div>', text=text)


def coupons(
    texts: Texts, cards: Sequence[Card], voided: Sequence[Card], preparing: int, ended: Sequence[tuple[Card, str]] = ()
) -> Html:
    """Show coupons that can be used, then those that were voided, then those that have ended, each with its tag."""
    parts = []
    if cards:
        parts.append(fill("<p>{text}</p>", text=texts.show_clerk))
    parts += [_card(texts, card) for card in cards]
    if preparing:
        parts.append(pending(texts))
    if voided:
        parts.append(notice(texts.some_voided if cards or preparing else texts.all_voided))
    parts += [_off(card, texts.voided) for card in voided]
    if ended and not (cards or preparing or voided):
        parts.append(notice(texts.all_ended))
    parts += [_off(card, tag) for card, tag in ended]
    if not parts:
        parts.append(notice(texts.nothing_issued))
    return joined(parts)


def pending(texts: Texts) -> Html:
    """Say that a coupon is on its way."""
    return fill(
        '<div class="panel" role="status"><p><b>{title}</b></p><p>{text}</p>'
        '<a class="button plain" href="?">{reload}</a></div>',
        title=texts.preparing_title,
        text=texts.preparing,
        reload=texts.reload,
    )


def choice_form(texts: Texts, items: Sequence[Item], until: date, nonce: str, wrong: str = "") -> Html:
    """Let the recipient choose one item."""
    if all(item.gone for item in items):
        return joined([notice(texts.all_gone), *[_gone(texts, item) for item in items]])
    return fill(
        "{wrong}{some_gone}"
        '<form method="post"><input type="hidden" name="step" value="choose">'
        '<input type="hidden" name="nonce" value="{nonce}">'
        "<fieldset><legend>{title}</legend>{items}</fieldset>"
        '<div class="panel"><p>{until}</p><p><b>{final}</b></p><button type="submit">{choose}</button></div></form>',
        wrong=fault(wrong),
        some_gone=notice(texts.some_gone) if any(item.gone for item in items) else NOTHING,
        nonce=nonce,
        title=texts.choose_title,
        items=joined(_gone(texts, item) if item.gone else _choosable(item) for item in items),
        until=texts.choose_until.format(until=day(texts, until).removesuffix("까지")),
        final=texts.choose_final,
        choose=texts.choose,
    )


def day(texts: Texts, on: date) -> str:
    """Return a last day as people write it."""
    if texts.words.language == "ko":
        return texts.day.format(year=on.year, month=on.month, day=on.day)
    return texts.day.format(year=on.year, month=f"{on.month:02d}", day=f"{on.day:02d}")


def grouped(number: str) -> str:
    """Return a number in groups of four, as a clerk reads it."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _card(texts: Texts, card: Card) -> Html:
    return fill(
        '<article class="card"><header><p class="brand">{brand}</p><p class="name">{name}</p></header>'
        '<div class="code"><span>{label}</span><p class="digits">{number}</p></div>{until}</article>',
        brand=card.brand,
        name=card.name,
        label=texts.number,
        number=grouped(card.number or ""),
        until=NOTHING
        if card.until is None
        else fill(
            '<dl class="until"><dt>{label}</dt><dd>{day}</dd></dl>',
            label=texts.valid_until,
            day=day(texts, card.until),
        ),
    )


def _off(card: Card, tag: str) -> Html:
    return fill(
        '<article class="card off"><header><p class="brand">{brand}</p><p class="name">{name}</p>'
        '<p><span class="tag">{tag}</span></p></header></article>',
        brand=card.brand,
        name=card.name,
        tag=tag,
    )


def _choosable(item: Item) -> Html:
    return fill(
        '<label class="item"><input type="radio" name="line" value="{line}" required>'
        "<span><small>{brand}</small><b>{name}</b></span></label>",
        line=item.line,
        brand=item.brand,
        name=item.name,
    )


def _gone(texts: Texts, item: Item) -> Html:
    return fill(
        '<div class="item gone"><span><small>{brand}</small><b>{name}</b></span><span class="tag">{tag}</span></div>',
        brand=item.brand,
        name=item.name,
        tag=texts.discontinued,
    )
