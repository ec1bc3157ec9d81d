"""Pieces of the public pages: sums, facts beside each other, what stands where, and fields of forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from api.pages.gate import new_nonce
from api.pages.html import NOTHING, Html, fill, joined
from api.pages.words import Words
from api.public_pages import texts
from api.public_pages.said import Said, money


def headline(text: str) -> Html:
    """Return the first line of a page."""
    return fill("<h1>{text}</h1>", text=text)


def section(text: str) -> Html:
    """Return the headline of a part of a page."""
    return fill("<h2>{text}</h2>", text=text)


def line(text: str) -> Html:
    """Return a paragraph."""
    return fill("<p>{text}</p>", text=text)


def hint(text: str) -> Html:
    """Return what is said in small below a field."""
    return fill('<p class="hint">{text}</p>', text=text) if text else NOTHING


def panel(*parts: Html) -> Html:
    """Return parts of a page that belong together."""
    return fill('<div class="panel">{parts}</div>', parts=joined(parts))


def payee(words: Words, name: str) -> Html:
    """Return who asks for the money."""
    return fill('<p class="payee">{label} <bdi>{name}</bdi></p>', label=texts.PAYEE.to(words), name=name)


def large(words: Words, amount_minor: int, currency: str) -> Html:
    """Return an amount as the largest thing on the page; what stands in brackets below it."""
    return fill('<p class="sum">{amount}</p>', amount=stacked(money(words, amount_minor, currency)))


def isolated(text: str) -> Html:
    """Return somebody's words, whichever way they are written, so that they turn nothing around them."""
    return fill("<bdi>{text}</bdi>", text=text)


def number(text: str) -> Html:
    """Return a number of a bank's or a card, written from left to right in every language."""
    return fill('<span class="number">{text}</span>', text=text)


def stacked(text: str) -> Html:
    """Return a text with what stands in brackets at its end below it: the other currency unit, the other calendar."""
    first, _, rest = text.partition(" (")
    below = fill('<small class="also">{rest}</small>', rest=rest.removesuffix(")")) if rest else NOTHING
    return fill("{first}{below}", first=first, below=below)


def facts(rows: Iterable[tuple[str, str | Html] | None]) -> Html:
    """Return names and what stands beside them; None is left out, and so is the whole when there is nothing."""
    shown = [
        fill(
            "<div><dt>{name}</dt><dd>{value}</dd></div>",
            name=row[0],
            value=row[1] if isinstance(row[1], Html) else stacked(row[1]),
        )
        for row in rows
        if row
    ]
    return fill('<dl class="facts">{rows}</dl>', rows=joined(shown)) if shown else NOTHING


def entries(rows: Sequence[tuple[str, str, str]]) -> Html:
    """Return a list of (what, lines of small print below it, what stands beside it)."""
    shown = (
        fill(
            "<li><span>{what}</span><span>{beside}</span>{small}</li>",
            what=what,
            small=joined(fill("<small>{text}</small>", text=text) for text in small.splitlines()),
            beside=stacked(beside),
        )
        for what, small, beside in rows
    )
    return fill('<ul class="list">{rows}</ul>', rows=joined(shown)) if rows else NOTHING


def state(kind: str, title: str, *more: str | Html) -> Html:
    """Return where something stands.

    Args:
        kind: good = done; waits = under way; over = it ended.
    """
    shown = joined(each if isinstance(each, Html) else line(each) for each in more if each)
    return fill('<div class="{kind}" role="status"><b>{title}</b>{more}</div>', kind=kind, title=title, more=shown)


def form(step: str, *parts: Html, send: str, kind: str = "", hidden: dict[str, str] | None = None) -> Html:
    """Return a form that takes a step, once.

    Args:
        send: on its button. kind: class of the button: "" = what most readers want, plain, no = it ends something.
        hidden: what goes with it.
    """
    named = {"step": step, "nonce": new_nonce(), **(hidden or {})}
    return fill(
        '<form class="panel" method="post">{hidden}{parts}<button{kind} type="submit">{send}</button></form>',
        hidden=joined(
            fill('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)
            for name, value in named.items()
        ),
        parts=joined(parts),
        kind=fill(' class="{kind}"', kind=kind) if kind else NOTHING,
        send=send,
    )


def folded(title: str, content: Html, *, is_open: bool = False) -> Html:
    """Return what is shown when its title is touched, or at once."""
    return fill(
        "<details{open}><summary>{title}</summary>{content}</details>",
        open=Html(" open") if is_open else NOTHING,
        title=title,
        content=content,
    )


def choice(name: str, legend: str, options: Sequence[tuple[str, str, str]], chosen: str = "") -> Html:
    """Return a choice of one: (value, name, small print) each."""
    shown = (
        fill(
            '<label class="item"><input type="radio" name="{name}" value="{value}" required{chosen}>'
            "<span><b>{label}</b>{small}</span></label>",
            name=name,
            value=value,
            chosen=Html(" checked") if value == chosen else NOTHING,
            label=label,
            small=fill("<small>{text}</small>", text=small) if small else NOTHING,
        )
        for value, label, small in options
    )
    return fill("<fieldset><legend>{legend}</legend>{options}</fieldset>", legend=legend, options=joined(shown))


def field(
    name: str,
    label: str,
    *,
    value: str = "",
    longest: int = 50,
    kind: str = "text",
    below: str = "",
    left_to_right: bool = False,
    required: bool = True,
    complete: str = "off",
) -> Html:
    """Return a field of one line.

    Args:
        kind: keyboard it is typed on: text, numeric, decimal, tel or email. below: small print.
        left_to_right: numbers, e-mail addresses. complete: what a browser may fill in.
    """
    return fill(
        '<label>{label}<input type="text" class="line" name="{name}" value="{value}" maxlength="{longest}"'
        ' inputmode="{kind}" autocomplete="{complete}"{direction}{required}></label>{below}',
        name=name,
        label=label,
        value=value,
        longest=longest,
        kind=kind,
        complete=complete,
        direction=Html(' dir="ltr"') if left_to_right else NOTHING,
        required=Html(" required") if required else NOTHING,
        below=hint(below),
    )


def area(name: str, label: str, *, longest: int, value: str = "", required: bool = True) -> Html:
    """Return a field of several lines."""
    return fill(
        '<label>{label}<textarea name="{name}" maxlength="{longest}"{required}>{value}</textarea></label>',
        name=name,
        label=label,
        longest=longest,
        value=value,
        required=Html(" required") if required else NOTHING,
    )


def selection(name: str, label: str, options: Sequence[tuple[str, str]]) -> Html:
    """Return a choice of one out of many: (value, name) each."""
    shown = joined(fill('<option value="{value}">{text}</option>', value=value, text=text) for value, text in options)
    return fill(
        '<label>{label}<select name="{name}" required>{options}</select></label>',
        name=name,
        label=label,
        options=shown,
    )


def tick(name: str, label: str) -> Html:
    """Return what has to be ticked before a form is sent."""
    return fill(
        '<label class="tick"><input type="checkbox" name="{name}" value="yes" required><span>{label}</span></label>',
        name=name,
        label=label,
    )


def typed_only(words: Words, label: Said) -> str:
    """Say that a field has to be filled in."""
    return texts.REQUIRED.to(words, field=label.to(words))


def letter(text: str) -> Html:
    """Return what somebody has written, in its own lines and in its own direction."""
    return fill('<div class="panel letter" dir="auto">{text}</div>', text=text)


def named(name: str, of: str) -> Html:
    """Return a name, and below it in small whose it is."""
    return fill('<p class="payee"><b><bdi>{name}</bdi></b> · <bdi>{of}</bdi></p>', name=name, of=of)


def terms(text: str) -> Html:
    """Return what somebody agrees to, in its own lines; long ones can be scrolled."""
    return fill('<div class="terms" tabindex="0">{text}</div>', text=text)


def download(name: str, shown: str, size_bytes: int) -> Html:
    """Return the way to a file that goes with a thing."""
    size = f"{max(1, size_bytes // 1024):,} KB"
    return fill(
        '<p><a class="button plain" href="?file={name}" download><bdi>{shown}</bdi> · <bdi>{size}</bdi></a></p>',
        name=name,
        shown=shown,
        size=size,
    )
