"""Who has locked a link is sent new ones: five at most, ten minutes apart (SPEC R-126)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aggregates.collecting.new_links import NewLinks, new_links_id
from aggregates.fact import Stamp
from aggregates.ids import stream_id
from aggregates.order.links import LinkLimitReached

ACCOUNT, BILL, PAYER = "acc_01k7q4m2x9w3t8r5z67", "bil_01k7q4m2x9w3t8r5z675m3v", "per_payer"
NOON = datetime(2024, 11, 4, 3, tzinfo=UTC)


def ask(links: NewLinks, at: datetime) -> int:
    """Ask for a new link at an instant; return how many that makes."""
    named = {"account_id": ACCOUNT, "thing_id": BILL, "subject": PAYER}
    stamp = Stamp(at, at, "page:bill", "req_1", "")
    return links.ask(stamp, new_links_id=new_links_id(ACCOUNT, BILL, PAYER), **named).sent


@pytest.fixture
def links() -> NewLinks:
    return NewLinks(stream_id(new_links_id(ACCOUNT, BILL, PAYER)))


def test_new_links_are_sent_ten_minutes_apart_r_126(links: NewLinks) -> None:
    assert ask(links, NOON) == 1

    with pytest.raises(LinkLimitReached) as early:
        ask(links, NOON + timedelta(minutes=9, seconds=59))

    assert early.value.figures["wait_s"] == 1
    assert ask(links, NOON + timedelta(minutes=10)) == 2


def test_a_sixth_new_link_is_never_sent_r_126(links: NewLinks) -> None:
    sent = [ask(links, NOON + timedelta(minutes=10 * turn)) for turn in range(5)]

    with pytest.raises(LinkLimitReached) as over:
        ask(links, NOON + timedelta(days=1))

    assert sent == [1, 2, 3, 4, 5]
    assert over.value.figures["maximum"] == 5


def test_each_person_and_each_thing_is_counted_alone() -> None:
    ids = {
        new_links_id(ACCOUNT, BILL, PAYER),
        new_links_id(ACCOUNT, BILL, "per_other"),
        new_links_id(ACCOUNT, f"{BILL[:-1]}0", PAYER),
    }

    assert len(ids) == 3
    assert all(each.startswith("pub_") for each in ids)
