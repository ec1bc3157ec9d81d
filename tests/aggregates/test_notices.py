"""Notices: requested once, settled once, named after what they are about (SPEC V6, R-050)."""

from __future__ import annotations

from typing import Any

import pytest

from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.ids import parse, stream_id
from aggregates.notice import Notice, notice_id
from tests.aggregates.scenario import kst

RULE = "ann_000123456789abcdefg2"
STAMP = Stamp(kst("2026-03-02 12:00"), kst("2026-03-02 12:00"), "reaction:notices", "req_1")
PLAIN: dict[str, Any] = {"member_id": None, "kind": "rule_suspended", "rule_id": RULE, "position": 42}


def requested() -> Notice:
    name = notice_id(RULE, 42)
    notice = Notice.blank(stream_id(name))
    notice.request(STAMP, notice_id=name, account_id="acc_000123456789abcdef", **PLAIN)
    return notice


def code_of(work: Any, **given: Any) -> str:
    with pytest.raises(LedgerError) as refused:
        work(STAMP, **given)
    return refused.value.code


def test_a_notice_is_named_after_rule_and_fact_and_belongs_to_the_account() -> None:
    name = notice_id(RULE, 42)

    assert parse(name, "ntc").account_id == parse(RULE, "ann").account_id
    assert name == notice_id(RULE, 42)
    assert len({name, notice_id(RULE, 43), notice_id(f"{RULE[:-1]}3", 42)}) == 3


def test_a_notice_is_requested_once_and_settled_once() -> None:
    notice = requested()

    again = code_of(notice.request, notice_id="ntc_x", account_id="acc_x", **PLAIN)
    notice.settle(STAMP, channel="email", code=None)
    late = code_of(notice.settle, channel=None, code="no_report")

    assert (again, late, notice.status) == ("notice_requested", "notice_settled", "told")


@pytest.mark.parametrize(
    ("channel", "code"), [(None, None), ("email", "no_report"), ("alimtalk", None)], ids=["neither", "both", "other"]
)
def test_a_notice_ends_on_a_channel_or_with_a_reason(channel: str | None, code: str | None) -> None:
    assert code_of(requested().settle, channel=channel, code=code) == "malformed"


def test_a_notice_is_of_a_kind_that_there_is() -> None:
    blank = Notice.blank(stream_id("ntc_x"))

    assert code_of(blank.request, notice_id="ntc_x", account_id="acc_x", **{**PLAIN, "kind": "birthday"}) == "malformed"
