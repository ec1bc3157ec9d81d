"""Tellings: asked for with what has happened, settled once (SPEC Y3, K4)."""

from __future__ import annotations

import pytest

from aggregates.collecting.telling import Figure, Telling, TellingSettled
from aggregates.fact import Stamp
from aggregates.ids import stream_id
from tests.aggregates.scenario import kst

STAMP = Stamp(kst("2026-03-02 12:00"), kst("2026-03-02 12:00"), "reaction:tellings", "req_1")


def requested() -> Telling:
    telling = Telling.blank(stream_id("tel_000123456789abcdefg2"))
    telling.request(
        STAMP,
        telling_id="tel_000123456789abcdefg2",
        account_id="acc_000123456789abcdef",
        thing_id="lnk_000123456789abcdefg2",
        kind="link.sent",
        to="ppl_x",
        channels=("alimtalk", "sms"),
        page="lnk_000123456789abcdefg2",
        generation=0,
        detail={"currency": "KRW", "amount": 50_000},
    )
    return telling


def test_a_telling_says_figures_as_text_in_the_order_of_their_names() -> None:
    (fact,) = requested().collect_events()

    assert isinstance(fact, Telling.Requested)
    assert fact.detail == (Figure("amount", "50000"), Figure("currency", "KRW"))


@pytest.mark.parametrize(
    ("channel", "code", "status"), [("sms", None, "told"), (None, "no_contact", "not_told")], ids=["told", "not told"]
)
def test_a_telling_is_settled_once(channel: str | None, code: str | None, status: str) -> None:
    telling = requested()

    telling.settle(STAMP, channel=channel, code=code)

    assert telling.status == status
    with pytest.raises(TellingSettled):
        telling.settle(STAMP, channel="sms", code=None)


def test_nothing_is_settled_that_was_not_asked_for() -> None:
    with pytest.raises(TellingSettled):
        Telling.blank(stream_id("tel_x")).settle(STAMP, channel="sms", code=None)


def test_a_copy_of_a_telling_goes_its_own_way() -> None:
    telling = requested()
    twin = telling.copy()

    twin.settle(STAMP, channel="sms", code=None)

    assert (telling.status, twin.status) == ("requested", "told")
