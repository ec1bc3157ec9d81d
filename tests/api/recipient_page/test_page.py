"""The page of one recipient over HTTP: who gets in, what is seen before and after, and what a choice comes to."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.app import LedgerApp
from ledger.ports.sandbox.scenarios import counted
from ledger.vault import Reading
from projections import order_work
from tests.api.recipient_page.conftest import CODE, PHONE, Reader
from tests.api.shop_front import ShopFront

pytestmark = pytest.mark.anyio

Visit = Callable[..., Reader]
DIGITS = PHONE[-4:]


async def ordered(front: ShopFront, *prices: int, **given: Any) -> tuple[str, str]:
    """Order for one recipient and send it; return order and link."""
    products = [await front.product(price) for price in prices]
    order = await front.order(products, [PHONE], **given)
    await front.work()
    return order["id"], await front.link(order["id"])


async def numbers_of(front: ShopFront, order_id: str) -> list[str]:
    """Return the full numbers of recipient 0's coupons, as the issuer made them."""
    async with front.bench.see() as connection:
        row = await connection.execute(
            "SELECT token FROM view_order_recipients WHERE order_id = %s AND recipient = 0", [order_id]
        )
        found = await row.fetchone()
    assert found is not None
    numbers = await front.bench.vault.coupons.get([found[0]], Reading("test", "look"))
    return list(numbers[found[0]].values())


async def messages_of(front: ShopFront, order_id: str) -> list[dict[str, Any]]:
    """Return what the provider was asked to send for an order."""
    assert front.counter.house.sandbox is not None
    return await counted(front.counter.house.sandbox, "messages", order_id, "", 10)


# -- getting in ------------------------------------------------------------------------------------------------


async def test_an_unknown_link_is_404_and_says_nothing(visit: Visit) -> None:
    for link in ("/c/" + "a" * 32, "/c/short", "/c/", "/c/" + "A" * 32, "/c/" + "a" * 32 + "/more"):
        page = await visit(link).open()

        assert (page.status, "페이지를 찾을 수 없습니다" in page.text) == (404, True), link


async def test_before_the_check_nothing_personal_is_shown(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 9_900)

    page = await visit(link).open()

    assert (page.status, "본인 확인" in page.text) == (200, True)
    (number,) = await numbers_of(front, order_id)
    for secret in (number, number[-4:], "Guest", DIGITS, "Gift of", "Harbour", "ThankYou", "Autumn", order_id):
        assert secret not in page.html


async def test_digits_then_code_lead_to_the_coupon_in_full(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 9_900)
    reader = visit(link)

    asked = await reader.take("digits", digits=DIGITS)
    shown = await reader.take("code", code=CODE)

    assert "인증번호" in asked.text
    assert "Guest" not in asked.text
    (number,) = await numbers_of(front, order_id)
    assert re.sub(r"(\d{4}) (\d{4}) (\d{4}) (\d{4})", r"\1\2\3\4", shown.text).count(number) == 1
    assert "Guest 0 님께" in shown.text
    assert "Gift of 9,900 won" in shown.text
    assert "2026년 4월 1일까지" in shown.text


async def test_what_was_typed_for_the_page_is_read_by_its_reader_alone(front: ShopFront, visit: Visit) -> None:
    texts = {"page": "#{이름} 님께\n#{기념일}을 축하합니다 <b>", "anniversary": "열 번째 생일"}
    _, link = await ordered(front, 9_900, texts=texts)
    reader = visit(link)

    before = await reader.open()
    shown = await reader.enter()

    assert "열 번째" not in before.html
    assert "Guest 0 님께 열 번째 생일을 축하합니다 <b>" in shown.text
    assert "Guest 0 님께\n열 번째 생일을 축하합니다 &lt;b&gt;" in shown.html


async def test_five_wrong_tries_lock_the_link_also_for_the_right_digits_r_126(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link)

    left = []
    for _ in range(4):
        wrong = await reader.take("digits", digits="9999")
        left.append((wrong.status, re.findall(r"남은 횟수: (\d)회", wrong.text)))
    fifth = await reader.take("digits", digits="9999")
    right = await visit(link).take("digits", digits=DIGITS)
    opened = await visit(link).open()

    assert left == [(422, ["4"]), (422, ["3"]), (422, ["2"]), (422, ["1"])]
    for page in (fifth, right, opened):
        assert (page.status, "링크가 잠겼습니다" in page.text) == (403, True)


async def test_a_locked_link_is_replaced_by_one_that_goes_to_the_phone_r_126(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    order_id, link = await ordered(front, 9_900)
    reader = visit(link)
    for _ in range(5):
        locked = await reader.take("digits", digits="9999")
    nonce = re.search(r'name="nonce" value="([^"]+)"', locked.html)
    assert nonce is not None

    sent = await reader.take("link", nonce=nonce[1])
    again = await reader.take("link", nonce=nonce[1])
    twice = await reader.take("link", nonce="another-form")
    await front.work()

    messages = await messages_of(front, order_id)
    assert [(row["template"], row["asked"]) for row in messages] == [("order-gift", 1), ("order-link", 1)]
    for page in (sent, again, twice):
        assert (page.status, "새 링크를 보냈습니다" in page.text) == (200, True)
        assert "/c/" not in page.html
    assert (await visit(link).open()).status == 404
    new = messages[1]["link"]
    assert new.startswith("/c/")
    assert "Gift of 9,900 won" in (await visit(new).enter()).text


async def test_new_links_are_sent_five_times_ten_minutes_apart_r_126(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    order_id, link = await ordered(front, 9_900)
    statuses = []
    for attempt in range(7):
        async with front.bench.see() as connection:
            tokens = await order_work.tokens_of(connection, order_id, [0])
        (link,) = await front.bench.vault.links.renew(order_id, [(0, tokens[0])])
        for _ in range(5):
            await front.bench.vault.links.check(link, "none")
        statuses.append((await visit(f"/c/{link}").take("link", nonce=f"some-form-{attempt}")).status)
        await front.work()
        if attempt:
            front.clock.advance(minutes=10)

    assert statuses == [200, 429, 200, 200, 200, 200, 429]


async def test_a_link_that_is_not_locked_is_not_replaced(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 9_900)

    page = await visit(link).take("link", nonce="some-form")
    await front.work()

    assert "본인 확인" in page.text
    assert len(await messages_of(front, order_id)) == 1


async def test_digits_that_are_no_four_digits_do_not_count_as_a_try(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link)

    for digits in ("", "123", "12345", "12a4", "１２３４"):
        assert (await reader.take("digits", digits=digits)).status == 422
    wrong = await reader.take("digits", digits="9999")

    assert "남은 횟수: 4회" in wrong.text


async def test_a_code_is_good_for_three_minutes_and_five_wrong_codes_are_one_wrong_try(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link)

    await reader.take("digits", digits=DIGITS)
    front.clock.advance(seconds=181)
    late = await reader.take("code", code=CODE)
    assert "만료" in late.text

    await reader.take("digits", digits=DIGITS)
    pages = [await reader.take("code", code="111111") for _ in range(5)]
    last = await reader.take("code", code=CODE)
    wrong = await visit(link).take("digits", digits="9999")

    assert [page.status for page in pages] == [422] * 5
    assert "Guest" not in last.text
    assert "남은 횟수: 3회" in wrong.text


async def test_codes_are_sent_three_times_and_then_once_a_minute(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)

    pages = [await visit(link).take("digits", digits=DIGITS) for _ in range(4)]

    assert [page.status for page in pages] == [200, 200, 200, 429]


async def test_a_link_that_is_asked_for_too_often_has_to_wait(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link)

    statuses = {(await reader.open()).status for _ in range(40)}

    assert statuses == {200, 429}


async def test_a_visit_ends_after_fifteen_minutes_and_is_for_this_link_alone(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    _, link = await ordered(front, 9_900)
    _, other = await ordered(front, 9_900)
    reader = visit(link)
    await reader.enter()
    assert "Guest" in (await reader.open()).text

    (session,) = [cookie.value for cookie in reader.client.cookies.jar if cookie.name == "page"]
    stranger = visit(other)
    stranger.client.cookies.set("page", session or "", path=other)
    forged = visit(link)
    forged.client.cookies.set("page", (session or "")[:-3] + "AAA", path=link)
    assert "Guest" not in (await stranger.open()).text
    assert "Guest" not in (await forged.open()).text

    front.clock.advance(minutes=15)
    assert "본인 확인" in (await reader.open()).text


async def test_a_choice_needs_the_check_first(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 29_700, 9_900, kind="choice")

    page = await visit(link).take("choose", line="1", nonce="nonce-0001")
    front.feed()

    assert "본인 확인" in page.text
    (recipient,) = (await front.see(f"/v1/orders/{order_id}/recipients"))["items"]
    assert recipient["chosen"] is None


# -- what every page is like -----------------------------------------------------------------------------------


async def test_every_page_loads_nothing_runs_nothing_and_is_kept_nowhere(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link)

    pages = [await reader.open(), await reader.take("digits", digits=DIGITS), await reader.take("code", code=CODE)]
    pages.append(await visit("/c/" + "a" * 32).open())

    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "noindex" in page.headers["x-robots-tag"]
        assert "<script" not in page.html
        assert " style=" not in page.html
        assert " on" not in re.sub(r">[^<]*<", "><", page.html.partition("<body>")[2])


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)

    response = await visit(link).client.post(link, data={"step": "digits", "digits": DIGITS})

    cookie = response.headers["set-cookie"]
    assert response.status_code == 303
    assert response.headers["location"] == link
    for part in (f"Path={link}", "HttpOnly", "SameSite=Strict", "Max-Age=900"):
        assert part in cookie
    assert PHONE not in cookie


async def test_cookies_of_a_live_service_go_over_https_alone(
    front: ShopFront, visit: Visit, app: LedgerApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = await ordered(front, 9_900)
    object.__setattr__(app.recipient_page._house, "environment", "live")

    response = await visit(link).client.post(link, data={"step": "digits", "digits": DIGITS})

    assert response.headers["set-cookie"].endswith("; Secure")


async def test_a_step_from_another_site_is_not_taken(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)

    response = await visit(link).client.post(
        link, data={"step": "digits", "digits": DIGITS}, headers={"sec-fetch-site": "cross-site"}
    )

    assert response.status_code == 404
    assert "set-cookie" not in response.headers


async def test_what_cannot_be_read_is_refused_without_an_echo(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)
    client = visit(link).client

    too_long = await client.post(link, content=b"step=digits&digits=" + b"9" * 5_000)
    no_text = await client.post(link, content=b"\xff\xfe" * 10)
    no_method = await client.put(link, content=b"")
    no_query = await client.get(link + "?lang=%ff")

    assert [each.status_code for each in (too_long, no_text, no_method, no_query)] == [400, 400, 405, 400]
    assert no_method.headers["allow"] == "GET, HEAD, POST"
    assert "9999" not in too_long.text


async def test_a_head_request_has_the_headers_and_no_body(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)

    response = await visit(link).client.head(link)

    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 1_000


async def test_neither_links_nor_people_nor_what_was_typed_are_logged(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 29_700, 9_900, kind="choice")
    reader = visit(link)

    with capture_logs() as logs:
        await reader.take("digits", digits="9876")
        await reader.enter()
        await reader.choose(1)
        await front.work()
        await reader.open()

    told = str(logs)
    for secret in (link.removeprefix("/c/"), PHONE, "9876", "Guest", *await numbers_of(front, order_id)):
        assert secret not in told


async def test_names_are_text_and_never_html(front: ShopFront, visit: Visit) -> None:
    product = await front.product(9_900, name='<b>Latte</b> & "milk"')
    rows = {"rows": [{"phone": PHONE, "name": "<i>N</i>"}]}
    order = await front.order([product], recipients=rows)
    await front.work()

    page = await visit(await front.link(order["id"])).enter()

    assert "<i>N" not in page.html
    assert "&lt;i&gt;N&lt;/i&gt; 님께" in page.html
    assert "&lt;b&gt;Latte&lt;/b&gt; &amp; &quot;milk&quot;" in page.html


# -- languages -------------------------------------------------------------------------------------------------


async def test_the_language_is_the_browsers_until_the_switch_is_used(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 9_900)
    reader = visit(link, "en-US,en;q=0.9,ko;q=0.5")

    english = await reader.open()
    korean = await reader.open("?lang=ko")
    still = await reader.open()
    other = await visit(link, "fr,de").open()

    assert ("Is this you?" in english.text, 'lang="en"' in english.html) == (True, True)
    assert "본인 확인" in korean.text
    assert "본인 확인" in still.text
    assert "본인 확인" in other.text


# -- choices ---------------------------------------------------------------------------------------------------


async def test_a_recipient_chooses_waits_and_has_the_coupon(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 29_700, 9_900, kind="choice")
    reader = visit(link, "en")

    form = await reader.enter()
    waiting = await _chosen(front, reader, 1)
    await front.work()
    shown = await reader.open()

    assert form.html.count('type="radio"') == 2
    assert "If you do not choose by 2026-03-09" in form.text
    assert "being prepared" in waiting.text
    assert 'http-equiv="refresh"' in waiting.html
    (number,) = await numbers_of(front, order_id)
    assert number in shown.text.replace(" ", "")
    assert "Gift of 9,900 won" in shown.text
    assert "29,700" not in shown.text
    assert 'http-equiv="refresh"' not in shown.html


async def test_the_first_choice_is_final_however_often_the_form_is_sent_r_046(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 29_700, 9_900, 990, kind="choice")
    reader, again = visit(link, "en"), visit(link, "en")
    await reader.enter()
    await again.enter()
    form = await reader.open()
    nonce = re.findall(r'name="nonce" value="([^"]+)"', form.html)[0]
    second = re.findall(r'name="nonce" value="([^"]+)"', (await again.open()).html)[0]

    sent = [
        (await reader.client.post(link, data={"step": "choose", "line": "1", "nonce": nonce})).status_code
        for _ in range(2)
    ]
    front.feed()
    late = await again.take("choose", line="2", nonce=second)
    front.feed()

    assert sent == [303, 303]
    assert (late.status, "settled already" in late.text) == (422, True)
    (recipient,) = (await front.see(f"/v1/orders/{order_id}/recipients"))["items"]
    assert recipient["chosen"] == 1


async def test_discontinued_items_are_marked_and_cannot_be_chosen(front: ShopFront, visit: Visit) -> None:
    gone, kept = await front.product(29_700), await front.product(9_900)
    order = await front.order([gone, kept], [PHONE], kind="choice")
    await front.work()
    await front.counter.post(f"/v1/products/{gone}/discontinue", {"reason": "season"}, role="operator")
    front.feed()
    reader = visit(await front.link(order["id"]), "en")

    form = await reader.enter()
    refused = await reader.choose(0)

    assert form.html.count('type="radio"') == 1
    assert "Some items are no longer sold" in form.text
    assert (refused.status, "cannot be had any more" in refused.text) == (422, True)

    await front.counter.post(f"/v1/products/{kept}/discontinue", {"reason": "season"}, role="operator")
    front.feed()
    nothing = await reader.open()
    assert "None of the items is sold any more" in nothing.text
    assert 'type="radio"' not in nothing.html


async def test_after_seven_days_nothing_can_be_chosen_and_the_designated_item_is_shown(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    order_id, link = await ordered(front, 29_700, 990, kind="choice", designated=1)
    front.clock.advance(days=8)

    closed = await visit(link, "en").enter()
    await front.work()
    shown = await visit(link, "en").enter()

    assert "The time to choose is over" in closed.text
    assert "you got the item that the sender had picked" in shown.text
    (number,) = await numbers_of(front, order_id)
    assert number in shown.text.replace(" ", "")


async def test_a_line_that_is_not_there_or_no_line_is_asked_for_again(front: ShopFront, visit: Visit) -> None:
    _, link = await ordered(front, 29_700, 990, kind="choice")
    reader = visit(link, "en")
    await reader.enter()

    beyond = await reader.choose(9)
    none = await reader.take("choose", nonce="nonce-0001")

    assert [(page.status, "Please choose one item" in page.text) for page in (beyond, none)] == [(422, True)] * 2


# -- what is not to be had any more ----------------------------------------------------------------------------


async def test_voided_coupons_are_named_without_their_numbers(front: ShopFront, visit: Visit, patient: None) -> None:
    order_id, link = await ordered(front, 9_900, 4_950)

    async def void(coupon: int) -> None:
        path = f"/v1/orders/{order_id}/voids"
        asked = await front.counter.post(path, {"coupons": [coupon], "reason": "mistake"})
        await front.counter.post(f"{path}/{asked.json()['void']}/approve", role="operator")
        await front.work()

    first, second = await numbers_of(front, order_id)
    await void(0)
    some = await visit(link, "en").enter()
    await void(1)
    nothing = await visit(link, "en").enter()

    assert "Some coupons have been cancelled" in some.text
    assert (first in some.text.replace(" ", ""), second in some.text.replace(" ", "")) == (False, True)
    assert "All of these coupons have been cancelled" in nothing.text
    assert second not in nothing.text.replace(" ", "")


async def test_used_and_expired_coupons_are_named_without_their_numbers_r_035(
    front: ShopFront, visit: Visit, patient: None
) -> None:
    used, lasting = await front.product(4_950, ends="-USED"), await front.product(9_900)
    order = await front.order([lasting, used], [PHONE])
    await front.work()
    link = await front.link(order["id"])

    await front.ask_issuer()
    some = await visit(link, "en").enter()
    front.clock.advance(days=31)
    await front.ask_issuer()
    nothing = await visit(link, "en").enter()
    detail = await front.see(f"/v1/orders/{order['id']}")
    shown = await front.see(f"/v1/orders/{order['id']}/recipients")

    numbers = await numbers_of(front, order["id"])
    assert [number in some.text.replace(" ", "") for number in numbers] == [True, False]
    assert ("Used" in some.text, "Expired" in some.text) == (True, False)
    assert "There is no coupon left that can be used. " in nothing.text
    assert not any(number in nothing.text.replace(" ", "") for number in numbers)
    assert (detail["coupon_states"]["used"], detail["coupon_states"]["expired"]) == (1, 1)
    assert (detail["confirmed_amount"], detail["returned"]) == (14_850, 0)
    assert [coupon["state"] for coupon in shown["items"][0]["coupons"]] == ["expired", "used"]


async def test_a_coupon_that_could_not_be_issued_is_not_promised(front: ShopFront, visit: Visit) -> None:
    good, bad = await front.product(9_900), await front.product(4_950, ends="-FAIL")
    order = await front.order([good, bad], [PHONE])
    await front.work()

    page = await visit(await front.link(order["id"]), "en").enter()

    assert "Gift of 9,900 won" in page.text
    assert "4,950" not in page.text
    assert "being prepared" not in page.text


async def test_a_recipient_who_was_forgotten_has_no_page(front: ShopFront, visit: Visit) -> None:
    order_id, link = await ordered(front, 9_900)
    async with front.bench.see() as connection:
        row = await connection.execute("SELECT token FROM view_order_recipients WHERE order_id = %s", [order_id])
        found = await row.fetchone()
    assert found is not None
    await front.bench.vault.people.erase([found[0]])

    page = await visit(link).open()

    assert page.status == 404


async def _chosen(front: ShopFront, reader: Reader, line: int) -> Any:
    """Choose while the views are fed: the page after a choice shows it."""
    shown = await reader.open()
    nonce = re.findall(r'name="nonce" value="([^"]+)"', shown.html)[0]
    await reader.client.post(reader.link, data={"step": "choose", "line": str(line), "nonce": nonce})
    front.feed()
    return await reader.open()
