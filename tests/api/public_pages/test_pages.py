"""What every public page is like: nothing is loaded, run, kept or told; a form counts once, and on the page alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from api.rates import Buckets
from ledger.commands.collecting.payment_links import IssuePaymentLink
from projections import obligations
from tests.api.public_pages.street import NAME, PHONE, Street, Visitor

pytestmark = pytest.mark.anyio


async def linked(street: Street, *, for_somebody: bool = True) -> tuple[str, Visitor]:
    """Issue a link; return what it asks for and a reader of its page."""
    person = await street.person() if for_somebody else None
    until = street.today + timedelta(days=7)
    issued = await street.do(IssuePaymentLink(await street.payee(), 55_000, until, "Asia/Seoul", to=person))
    return str(issued["obligation_id"]), street.visit(await street.link(str(issued["id"]), person))


async def test_an_unknown_link_is_404_and_says_nothing(street: Street) -> None:
    of_nothing = await street.link("xyz_01k7q4m2x9w3t8r5z67")
    gone = await street.link("lnk_01k7q4m2x9w3t8r5z675m3v")

    for link in ("/p/" + "a" * 32, "/p/short", "/p/", "/p/" + "A" * 32, "/p/" + "a" * 32 + "/more", of_nothing, gone):
        page = await street.visit(link).open()

        assert (page.status, "페이지를 찾을 수 없습니다" in page.text) == (404, True), link


async def test_every_page_loads_nothing_runs_nothing_and_is_kept_nowhere(street: Street) -> None:
    _, reader = await linked(street)

    pages = [await reader.open(), await reader.enter(), await reader.send("pay", method="card")]
    pages.append(await street.visit("/p/" + "a" * 32).open())

    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in page.headers["x-robots-tag"]
        assert "<script" not in page.html
        assert " style=" not in page.html
        assert " on" not in re.sub(r">[^<]*<", "><", page.html.partition("<body>")[2])


async def test_a_form_counts_once_however_often_it_is_sent(street: Street) -> None:
    obligation_id, reader = await linked(street, for_somebody=False)
    await reader.open()
    form = {"step": "pay", "method": "card", **reader.form("pay")}

    # As one hasty reader does: sent again before the first answer, with its cookie, has come.
    hasty = [street.visit(reader.link) for _ in range(3)]
    sent = [(await each.client.post(reader.link, data=form)).status_code for each in hasty]
    street.feed()
    sent.append((await hasty[0].client.post(reader.link, data=form)).status_code)
    street.feed()

    async with street.bench.see() as connection:
        payments = await obligations.payments_of(connection, obligation_id)
    assert (sent, len(payments)) == ([303] * 4, 1)


async def test_a_step_from_another_site_or_without_a_form_of_ours_is_not_taken(street: Street) -> None:
    obligation_id, reader = await linked(street, for_somebody=False)
    form = {"step": "pay", "method": "card", "nonce": "some-form-0001"}

    foreign = await reader.client.post(reader.link, data=form, headers={"sec-fetch-site": "cross-site"})
    bare = await reader.take("pay", method="card")
    unknown = await reader.take("no_such_step", nonce="some-form-0001")

    async with street.bench.see() as connection:
        payments = await obligations.payments_of(connection, obligation_id)
    assert (foreign.status_code, bare.status, unknown.status, payments) == (404, 422, 200, [])


async def test_what_cannot_be_read_is_refused_without_an_echo(street: Street) -> None:
    _, reader = await linked(street)
    client, link = reader.client, reader.link

    too_long = await client.post(link, content=b"step=digits&digits=" + b"9" * 5_000)
    no_text = await client.post(link, content=b"step=digits&digits=%ff%fe")
    no_method = await client.put(link, content=b"")
    no_query = await client.get(link + "?lang=%ff")

    assert [each.status_code for each in (too_long, no_text, no_method, no_query)] == [400, 400, 405, 400]
    assert "9999" not in too_long.text


async def test_a_link_that_is_asked_for_too_often_has_to_wait(street: Street) -> None:
    _, reader = await linked(street)

    with hurried(street):
        statuses = [(await reader.open()).status for _ in range(4)]

    assert statuses == [200, 200, 200, 429]


async def test_the_switch_keeps_the_language_on_every_page(street: Street) -> None:
    _, reader = await linked(street)

    korean = await reader.open()
    persian = await reader.open("?lang=fa")
    still = await reader.enter()

    assert ('lang="ko" dir="ltr"' in korean.html, 'lang="fa" dir="rtl"' in persian.html) == (True, True)
    assert "۵۵٬۰۰۰ وون" in still.text
    assert re.findall(r'href="\?lang=(\w+)"', still.html) == ["ko", "en"]


async def test_persian_digits_open_a_link_as_well(street: Street) -> None:
    _, reader = await linked(street)

    page = await reader.enter("۴۷۱۱")

    assert "55,000원" in page.text


async def test_a_visit_ends_after_fifteen_minutes_and_is_for_this_link_alone(street: Street) -> None:
    _, reader = await linked(street)
    _, stranger = await linked(street)
    await reader.enter()
    (session,) = [cookie.value for cookie in reader.client.cookies.jar if cookie.name == "page"]
    stranger.client.cookies.set("page", session or "", path=stranger.link)

    other = await stranger.open()
    street.clock.advance(minutes=15)
    late = await reader.open()

    assert ("본인 확인" in other.text, "본인 확인" in late.text) == (True, True)


async def test_neither_links_nor_people_nor_what_was_typed_are_logged(street: Street) -> None:
    _, reader = await linked(street)

    with capture_logs() as logs:
        await reader.take("digits", digits="9876")
        await reader.enter()
        await reader.send("pay", method="card")
        await street.work()
        await reader.open()

    told = str(logs)
    for secret in (reader.link.removeprefix("/p/"), PHONE, "9876", NAME):
        assert secret not in told


async def test_a_person_who_was_forgotten_has_no_page(street: Street) -> None:
    person = await street.person()
    issued = await street.do(
        IssuePaymentLink(await street.payee(), 55_000, street.today + timedelta(days=7), "Asia/Seoul", to=person)
    )
    link = await street.link(str(issued["id"]), person)
    await street.house.vault.erase(person)

    assert (await street.visit(link).open()).status == 404


@contextmanager
def hurried(street: Street) -> Iterator[None]:
    """Let a link be asked for three times at once, and no more."""
    pages = street.app.public_pages
    before, pages._visits = pages._visits, Buckets(0.0, 3)
    yield
    pages._visits = before
