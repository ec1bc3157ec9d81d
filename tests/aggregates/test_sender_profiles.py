"""Sender profiles of an account: twenty at most, in its own order, each at one step at a time (SPEC B3)."""

from __future__ import annotations

from typing import Any

import pytest

from aggregates.errors import LedgerError
from aggregates.fact import Stamp
from aggregates.ids import account_id, parse, stream_id
from aggregates.sender_profile import PROFILES_MAX, SenderProfiles, senders_id
from tests.aggregates.scenario import kst

ACCOUNT = account_id(0, b"0123456789")
AT = kst("2026-03-02 12:00")
STAMP = Stamp(AT, AT, "key_tester", "req_1")
CATEGORY = ("Food", "Cafe", "Coffee")


def blank() -> SenderProfiles:
    return SenderProfiles.blank(stream_id(senders_id(ACCOUNT)))


def requested(profiles: SenderProfiles, search_id: str = "@bluekite", **given: Any) -> str:
    wanted = {"account_id": ACCOUNT, "search_id": search_id, "category": CATEGORY, "manager": "mgr_1", **given}
    return profiles.request(STAMP, **wanted).sheet.profile_id


def registered(profiles: SenderProfiles, search_id: str = "@bluekite") -> str:
    profile_id = requested(profiles, search_id)
    profiles.note_token_sent(STAMP, profile_id)
    profiles.give_token(STAMP, profile_id, "otk_1")
    profiles.note_registered(STAMP, profile_id, "chn_1")
    return profile_id


def code(attempt: Any, *arguments: Any, **named: Any) -> str | None:
    try:
        attempt(*arguments, **named)
    except LedgerError as error:
        return error.code
    return None


def test_a_profile_is_requested_verified_and_registered() -> None:
    profiles = blank()

    profile_id = registered(profiles)

    facts = profiles.collect_events()
    assert [fact.TOPIC.partition(".")[2] for fact in facts] == ["requested", "token_sent", "token_given", "registered"]
    assert parse(profile_id, "snp").account_id == ACCOUNT
    sheet = profiles.usable(profile_id)
    assert (sheet.status, sheet.channel_key, sheet.category, sheet.registered_at) == ("normal", "chn_1", CATEGORY, AT)


def test_an_account_has_twenty_profiles_and_not_twenty_one_b3() -> None:
    profiles = blank()
    ids = [requested(profiles, f"@shop{number}") for number in range(PROFILES_MAX)]

    assert len(ids) == len(set(ids)) == 20
    assert code(requested, profiles, "@shop20") == "sender_profiles_full"
    profiles.remove(STAMP, ids[7])
    assert code(requested, profiles, "@shop20") is None
    assert code(requested, profiles, "@shop21") == "sender_profiles_full"


def test_a_refused_profile_is_none_of_the_twenty() -> None:
    profiles = blank()
    ids = [requested(profiles, f"@shop{number}") for number in range(PROFILES_MAX)]

    profiles.note_refused(STAMP, ids[0], "developer_channel")

    assert code(requested, profiles, "@shop0") is None
    assert code(profiles.usable, ids[0]) == "sender_profile_not_usable"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"search_id": "bluekite"}, "search_id_invalid"),
        ({"search_id": "@"}, "search_id_invalid"),
        ({"search_id": "@blue kite"}, "search_id_invalid"),
        ({"search_id": "@" + "a" * 30}, None),
        ({"search_id": "@" + "a" * 31}, "search_id_invalid"),
        ({"search_id": "@블루카이트"}, None),
        ({"category": ("Food", "Cafe")}, "category_invalid"),
        ({"category": ("Food", "Cafe", "Coffee", "Black")}, "category_invalid"),
        ({"category": ("Food", "Cafe", " ")}, "category_invalid"),
        ({"category": ("Food", "Cafe", "c" * 31)}, "category_invalid"),
    ],
)
def test_a_channel_is_named_by_its_search_id_in_a_category_of_three_levels(
    given: dict[str, Any], refusal: str | None
) -> None:
    assert code(requested, blank(), **given) == refusal


def test_a_channel_has_one_profile_in_an_account() -> None:
    profiles = blank()
    profile_id = requested(profiles)

    assert code(requested, profiles) == "search_id_taken"
    profiles.remove(STAMP, profile_id)
    assert code(requested, profiles) is None


def test_a_wrong_token_may_be_followed_by_another_and_by_a_new_one() -> None:
    profiles = blank()
    profile_id = requested(profiles)
    profiles.note_token_sent(STAMP, profile_id)
    profiles.give_token(STAMP, profile_id, "otk_1")

    profiles.note_token_refused(STAMP, profile_id, "token_wrong")
    assert profiles.profiles[profile_id].code == "token_wrong"
    profiles.request_token(STAMP, profile_id)
    assert (profiles.profiles[profile_id].attempt, profiles.profiles[profile_id].code) == (2, None)
    profiles.note_token_sent(STAMP, profile_id)
    profiles.give_token(STAMP, profile_id, "otk_2")
    profiles.note_registered(STAMP, profile_id, "chn_1")

    assert profiles.usable(profile_id).channel_key == "chn_1"


STEPS: dict[str, list[str]] = {
    "requested": ["note_token_sent", "note_refused"],
    "awaiting_token": ["request_token", "give_token"],
    "verifying": ["note_token_refused", "note_registered"],
    "normal": ["note_state"],
}
ARGUMENTS = {
    "note_refused": ("developer_channel",),
    "give_token": ("otk_9",),
    "note_token_refused": ("token_wrong",),
    "note_registered": ("chn_9",),
    "note_state": ("blocked",),
}


@pytest.mark.parametrize("status", STEPS)
def test_each_step_takes_what_belongs_to_it_and_refuses_the_rest(status: str) -> None:
    for step in [each for steps in STEPS.values() for each in steps]:
        profiles = blank()
        profile_id = requested(profiles)
        for way, at in ((profiles.note_token_sent, "awaiting_token"), (profiles.give_token, "verifying")):
            if profiles.profiles[profile_id].status != status and status != "requested":
                way(STAMP, profile_id, *(() if at == "awaiting_token" else ("otk_1",)))
        if status == "normal":
            profiles.note_registered(STAMP, profile_id, "chn_1")
        assert profiles.profiles[profile_id].status == status

        told = code(getattr(profiles, step), STAMP, profile_id, *ARGUMENTS.get(step, ()))

        assert told == (None if step in STEPS[status] else "sender_profile_busy"), (status, step)


def test_a_blocked_or_dormant_channel_sends_nothing_until_it_is_normal_again() -> None:
    profiles = blank()
    profile_id = registered(profiles)

    for state in ("blocked", "dormant"):
        profiles.note_state(STAMP, profile_id, state)
        assert code(profiles.usable, profile_id) == "sender_profile_not_usable"
        assert code(profiles.note_state, STAMP, profile_id, state) == "sender_state_unchanged"
    profiles.note_state(STAMP, profile_id, "normal")

    assert profiles.usable(profile_id).status == "normal"


def test_profiles_are_put_into_another_order_all_of_them() -> None:
    profiles = blank()
    first, second, third = (requested(profiles, f"@shop{number}") for number in range(3))

    profiles.reorder(STAMP, ACCOUNT, [third, first, second])

    assert sorted(profiles.profiles, key=lambda each: profiles.profiles[each].rank) == [third, first, second]
    for wrong in ([], [first, second], [first, second, second], [first, second, third, "snp_x"]):
        assert code(profiles.reorder, STAMP, ACCOUNT, wrong) == "sender_order_invalid"
    fourth = requested(profiles, "@shop3")
    assert profiles.profiles[fourth].rank == 3


def test_a_removed_profile_is_gone() -> None:
    profiles = blank()
    profile_id = registered(profiles)

    profiles.remove(STAMP, profile_id)

    assert code(profiles.usable, profile_id) == "sender_profile_not_found"
    assert code(profiles.remove, STAMP, profile_id) == "sender_profile_not_found"


def test_facts_add_up_to_the_same_profiles() -> None:
    profiles = blank()
    registered(profiles)
    profiles.remove(STAMP, requested(profiles, "@other"))
    profiles.reorder(STAMP, ACCOUNT, list(profiles.profiles))

    again: Any = None
    for fact in profiles.collect_events():
        again = fact.mutate(again)

    assert again.profiles == profiles.profiles == profiles.copy().profiles
    assert again.version == profiles.version
