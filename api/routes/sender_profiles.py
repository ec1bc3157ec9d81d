"""Sender profiles: an account's own Kakao channels. Kakao is asked by a reaction; a list shows what it has said."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from aggregates import sender_profile
from aggregates.errors import Rejected
from aggregates.sender_profile import SenderProfileNotFound
from api import shapes
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.bodies import example
from api.fields import Body
from api.operation import operation, reads, submit_built, writes
from api.owners import OwnerQuery, account_of
from api.recipients import Text
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from ledger.commands.sender_profiles import (
    GiveSenderToken,
    RemoveSenderProfile,
    ReorderSenderProfiles,
    RequestSenderProfile,
    RequestSenderToken,
)
from ledger.recipients import read_phone
from projections import sender_profiles as profiles_view

OWN_PROFILE = own_child("profile_id", "snp")
RULES = rules(sender_profile)

SANDBOX_TOKEN = "000000"  # noqa: S105 (what the sandbox sends to everybody)

ProfileIdText = Annotated[str, StringConstraints(pattern=r"^snp_[0-9a-z]{19,31}$")]


class ManagerPhoneInvalid(Rejected):
    """The manager's number is not a mobile number."""

    code = "manager_phone_invalid"


class SenderProfileBody(Body):
    """A channel to send from: created, certified and public at Kakao; its manager is sent a one-time token."""

    model_config = example(search_id="@bluekite", category=["Food", "Cafe", "Coffee"], manager_phone="010-0000-0001")

    search_id: Annotated[str, Field(max_length=64)]
    category: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=10)]
    manager_phone: Text


class SenderTokenBody(Body):
    """The token that Kakao sent to the manager; it lives 5 minutes."""

    model_config = example(token=SANDBOX_TOKEN)

    token: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class SenderOrderBody(Body):
    """All profiles of the account, in the order wanted."""

    model_config = example(profile_ids=["snp_01k7q4m2x9w3t8r5z61"])

    profile_ids: Annotated[list[ProfileIdText], Field(max_length=20)]


@operation(
    "POST",
    "/v1/sender-profiles",
    scope="senders:write",
    rule=filtered,
    query=OwnerQuery,
    body=SenderProfileBody,
    answer=shapes.SenderProfile,
    status=201,
    raises=(ManagerPhoneInvalid, *RULES),
)
async def request_sender_profile(ask: Ask, body: SenderProfileBody, query: OwnerQuery) -> Reply:
    """Ask for a sender profile; at most 20. Kakao sends a token to the manager's phone, or refuses the channel."""
    account_id = await account_of(ask, query)
    phone = read_phone(body.manager_phone)
    if not phone:
        raise ManagerPhoneInvalid("manager_phone must be a mobile number", field="manager_phone")
    assert ask.key is not None, "a POST has a key"
    manager, new = await ask.house.vault.put_manager(ask.caller.principal, ask.key, phone=phone)
    command = RequestSenderProfile(account_id, body.search_id, tuple(body.category), manager)
    outcome = await ask.house.engine.submit(command, ask.call(body))
    if outcome.status >= 400 or (outcome.replayed and new):
        # Refused, or a retry after the profile was removed: there is no profile to whom the number belongs.
        await ask.house.vault.erase(manager)
    return of_outcome(outcome)


@reads(
    "/v1/sender-profiles",
    scope="senders:read",
    rule=filtered,
    query=OwnerQuery,
    answer=shapes.list_of(shapes.ListedSenderProfile),
)
async def list_sender_profiles(ask: Ask, query: OwnerQuery) -> Reply:
    """List an account's sender profiles in its own order, without the service's own, which is everybody's default."""
    account_id = await account_of(ask, query)
    async with ask.see("sender_profiles") as (conn, position):
        items = await profiles_view.of_account(conn, account_id)
    await _mask(ask, items)
    return page_reply((items, None), position)


@reads(
    "/v1/sender-profiles/{profile_id}",
    scope="senders:read",
    rule=OWN_PROFILE,
    answer=shapes.ListedSenderProfile,
    raises=(SenderProfileNotFound,),
)
async def get_sender_profile(ask: Ask, profile_id: str) -> Reply:
    """Read a sender profile."""
    async with ask.see("sender_profiles") as (conn, position):
        found = await profiles_view.one(conn, profile_id)
    await _mask(ask, [found])
    return of_view(found, position)


@writes(
    "/v1/sender-profiles/{profile_id}/request-token",
    scope="senders:write",
    rule=OWN_PROFILE,
    answer=shapes.SenderProfile,
    raises=RULES,
)
def request_sender_token(ask: Ask, profile_id: str) -> RequestSenderToken:
    """Ask Kakao for another token."""
    return RequestSenderToken(profile_id)


@writes(
    "/v1/sender-profiles/{profile_id}/verify",
    scope="senders:write",
    rule=OWN_PROFILE,
    body=SenderTokenBody,
    answer=shapes.SenderProfile,
    raises=RULES,
)
async def give_sender_token(ask: Ask, profile_id: str, body: SenderTokenBody) -> GiveSenderToken:
    """Hand in the manager's token; Kakao registers the channel, or refuses the token."""
    assert ask.key is not None, "a POST has a key"
    token = await ask.house.vault.put_one_time(ask.caller.principal, ask.key, token=body.token)
    return GiveSenderToken(profile_id, token)


@operation(
    "PUT",
    "/v1/sender-profiles/order",
    scope="senders:write",
    rule=filtered,
    query=OwnerQuery,
    body=SenderOrderBody,
    answer=shapes.list_of(shapes.SenderProfile),
    raises=RULES,
)
async def reorder_sender_profiles(ask: Ask, body: SenderOrderBody, query: OwnerQuery) -> Reply:
    """Put an account's sender profiles into another order."""
    command = ReorderSenderProfiles(await account_of(ask, query), tuple(body.profile_ids))
    return of_outcome(await ask.house.engine.submit(command, ask.call(body)))


@operation(
    "DELETE",
    "/v1/sender-profiles/{profile_id}",
    scope="senders:write",
    rule=OWN_PROFILE,
    answer=shapes.SenderProfile,
    raises=(SenderProfileNotFound,),
)
async def remove_sender_profile(ask: Ask, profile_id: str) -> Reply:
    """Remove a sender profile; orders placed with it keep it. Its manager's number is forgotten."""
    return await submit_built(ask, _removal, {"profile_id": profile_id})


def _removal(ask: Ask, profile_id: str) -> RemoveSenderProfile:
    return RemoveSenderProfile(profile_id)


async def _mask(ask: Ask, items: list[dict[str, Any]]) -> None:
    """Put the last digits of each manager's number into the place of its token."""
    tokens = [item["manager_phone"] for item in items]
    shown = await ask.house.vault.masked_all(tokens, field="phone") if items else {}
    for item in items:
        item["manager_phone"] = shown[item["manager_phone"]]
