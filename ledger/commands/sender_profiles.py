"""Commands about sender profiles: an account's wishes, and what Kakao says to them (SPEC B3).

The caller's are answered with the profile. The others record a provider's answer and are issued by the reaction that
asks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.dates import rfc3339
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from aggregates.sender_profile import (
    PREFIX,
    SenderFact,
    SenderProfileNotFound,
    SenderProfiles,
    SenderProfilesReordered,
    SenderSheet,
    senders_id,
)
from ledger.command import Answer, Streams, answer


@dataclass(frozen=True, slots=True)
class RequestSenderProfile:
    """Want a profile for a channel.

    Attributes:
        search_id, category: as of `SenderProfiles.request`. manager: vault token of the manager's number.
    """

    ANSWER: ClassVar[str] = "sender-profile-requested/1"

    account_id: str
    search_id: str
    category: tuple[str, ...]
    manager: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.Requested`. Raises: NotFound: no such account; as of `SenderProfiles.request`."""
        streams.account(self.account_id)
        streams.stream(SenderProfiles, senders_id(self.account_id)).request(
            stamp,
            account_id=self.account_id,
            search_id=self.search_id,
            category=self.category,
            manager=self.manager,
        )


@dataclass(frozen=True, slots=True)
class RequestSenderToken:
    """Ask for another token."""

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.TokenRequested`. Raises: as of `SenderProfiles.request_token`."""
        profiles_of(streams, self.profile_id).request_token(stamp, self.profile_id)


@dataclass(frozen=True, slots=True)
class GiveSenderToken:
    """Hand in the manager's token.

    Attributes:
        token: vault token under which it lies.
    """

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str
    token: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.TokenGiven`. Raises: as of `SenderProfiles.give_token`."""
        profiles_of(streams, self.profile_id).give_token(stamp, self.profile_id, self.token)


@dataclass(frozen=True, slots=True)
class RecordTokenSent:
    """Record that a token was sent, or that the channel is refused.

    Attributes:
        code: why it is refused; None = a token was sent.
    """

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str
    code: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.TokenSent` or `SenderProfiles.Refused`. Raises: as of the decisions."""
        profiles = profiles_of(streams, self.profile_id)
        if self.code is None:
            profiles.note_token_sent(stamp, self.profile_id)
        else:
            profiles.note_refused(stamp, self.profile_id, self.code)


@dataclass(frozen=True, slots=True)
class RecordRegistration:
    """Record that the channel is registered, or that the token is refused.

    Attributes:
        channel_key: of a registered channel. code: why the token is refused. One of the two is None.
    """

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str
    channel_key: str | None = None
    code: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.Registered` or `SenderProfiles.TokenRefused`. Raises: as of the decisions."""
        profiles = profiles_of(streams, self.profile_id)
        if self.channel_key is not None:
            profiles.note_registered(stamp, self.profile_id, self.channel_key)
        else:
            profiles.note_token_refused(stamp, self.profile_id, self.code or "token_wrong")


@dataclass(frozen=True, slots=True)
class RecordSenderState:
    """Record what Kakao says of a registered channel: normal, blocked or dormant."""

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str
    state: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.StateChanged`. Raises: as of `SenderProfiles.note_state`."""
        profiles_of(streams, self.profile_id).note_state(stamp, self.profile_id, self.state)


@dataclass(frozen=True, slots=True)
class RemoveSenderProfile:
    """Use a profile no more."""

    ANSWER: ClassVar[str] = "sender-profile/1"

    profile_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.Removed`. Raises: as of `SenderProfiles.remove`."""
        profiles_of(streams, self.profile_id).remove(stamp, self.profile_id)


@dataclass(frozen=True, slots=True)
class ReorderSenderProfiles:
    """Put an account's profiles into another order."""

    ANSWER: ClassVar[str] = "sender-profiles/1"

    account_id: str
    profile_ids: tuple[str, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `SenderProfiles.Reordered`. Raises: NotFound: no such account; as of `SenderProfiles.reorder`."""
        streams.account(self.account_id)
        streams.stream(SenderProfiles, senders_id(self.account_id)).reorder(stamp, self.account_id, self.profile_ids)


def profiles_of(streams: Streams, profile_id: str) -> SenderProfiles:
    """Return the profiles of the account to which a profile belongs. Raises: SenderProfileNotFound."""
    try:
        account_id = parse(profile_id, PREFIX).account_id
    except NotFound:
        raise SenderProfileNotFound("there is no such sender profile") from None
    return streams.known(SenderProfiles, senders_id(account_id), SenderProfileNotFound)


def sender_json(sheet: SenderSheet) -> dict[str, Any]:
    """Return a profile as people see it: nothing of its manager."""
    return {
        "id": sheet.profile_id,
        "account_id": sheet.account_id,
        "search_id": sheet.search_id,
        "category": [*sheet.category],
        "status": sheet.status,
        "code": sheet.code,
        "channel_key": sheet.channel_key,
        "rank": sheet.rank,
        "requested_at": rfc3339(sheet.requested_at),
        "registered_at": None if sheet.registered_at is None else rfc3339(sheet.registered_at),
    }


@answer("sender-profile-requested/1")
def sender_profile_requested(facts: Sequence[Fact]) -> Answer:
    """Answer with the new profile."""
    return Answer(201, _one(facts))


@answer("sender-profile/1")
def sender_profile(facts: Sequence[Fact]) -> Answer:
    """Answer with the profile after a change."""
    return Answer(200, _one(facts))


@answer("sender-profiles/1")
def sender_profiles(facts: Sequence[Fact]) -> Answer:
    """Answer with all profiles of the account in their new order."""
    fact = next(fact for fact in facts if isinstance(fact, SenderProfilesReordered))
    return Answer(200, {"items": [sender_json(sheet) for sheet in fact.sheets], "next_cursor": None})


def _one(facts: Sequence[Fact]) -> dict[str, Any]:
    return sender_json(next(fact for fact in facts if isinstance(fact, SenderFact)).sheet)
