"""Sender profiles: the Kakao business channels in whose name an account's messages are sent (SPEC B3).

One stream holds all profiles of an account, so that the twenty-first is refused in the decision that would make it. The
service's own profile is everybody's default and is not one of them. The manager's phone number and the one-time token
lie in the vault; facts hold their tokens. What Kakao says is recorded as it was said; nothing is asked from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class
from aggregates.ids import child_id

PREFIX = "snp"
PROFILES_MAX = 20
"""How many profiles of its own an account may have (SPEC B3)."""

CATEGORY_LEVELS = 3
CATEGORY_CHARACTERS_MAX = 30
REQUESTED, AWAITING_TOKEN, VERIFYING, REFUSED, REMOVED = (
    "requested",
    "awaiting_token",
    "verifying",
    "refused",
    "removed",
)
NORMAL, BLOCKED, DORMANT = "normal", "blocked", "dormant"
CHANNEL_STATES = (NORMAL, BLOCKED, DORMANT)
"""What Kakao says of a registered channel."""

_SEARCH_ID = re.compile(r"@[0-9A-Za-z가-힣_.-]{1,30}")


class SenderProfileNotFound(NotFound):
    """The account has no such sender profile."""

    code = "sender_profile_not_found"


class SenderProfileNotUsable(Rejected):
    """Messages cannot be sent in the name of this profile: it is not registered, or Kakao has blocked it."""

    code = "sender_profile_not_usable"


class SenderProfilesFull(Rejected):
    """The account has as many sender profiles as it may (SPEC B3)."""

    code = "sender_profiles_full"


class SearchIdInvalid(Rejected):
    """A channel's search id is @ and 1 to 30 letters, digits, dots, hyphens or underscores."""

    code = "search_id_invalid"


class CategoryInvalid(Rejected):
    """A profile's category has three levels (SPEC B3)."""

    code = "category_invalid"


class SearchIdTaken(Conflict):
    """The account has a profile of this channel already."""

    code = "search_id_taken"


class SenderProfileBusy(Conflict):
    """The profile is not at the step that the request is for."""

    code = "sender_profile_busy"


class SenderStateUnchanged(Conflict):
    """The channel's state is recorded already."""

    code = "sender_state_unchanged"


class SenderOrderInvalid(Rejected):
    """The new order must name each of the account's profiles once."""

    code = "sender_order_invalid"


@dataclass(frozen=True, slots=True)
class SenderSheet:
    """All that is known of one profile.

    Attributes:
        profile_id, account_id: public ids.
        search_id: of the channel, with its @.
        category: three levels.
        manager: vault token of the manager's phone number.
        rank: place in the account's list, from 0.
        status: requested, awaiting_token, verifying, normal, blocked, dormant, refused or removed.
        code: why Kakao refused the channel or the last token; None when it did not.
        channel_key: Kakao's name of the registered channel; None before.
        attempt: how many times a token was asked for.
        requested_at: when the profile was made. registered_at: when Kakao registered it; None before.
    """

    profile_id: str
    account_id: str
    search_id: str
    category: tuple[str, ...]
    manager: str
    rank: int
    status: str
    code: str | None
    channel_key: str | None
    attempt: int
    requested_at: datetime
    registered_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether it is one of the account's twenty."""
        return self.status not in (REFUSED, REMOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderFact(Fact):
    """Base of every fact about one profile.

    Attributes:
        sheet: the profile after it.
    """

    sheet: SenderSheet

    def apply(self, stream: SenderProfiles) -> None:
        if self.sheet.status == REMOVED:
            stream.profiles.pop(self.sheet.profile_id, None)
        else:
            stream.profiles[self.sheet.profile_id] = self.sheet


@fact("sender_profile.requested")
class SenderProfileRequested(SenderFact):
    """An account wants to send in the name of its own channel; Kakao is asked to send a token to the manager.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.token_requested")
class SenderTokenRequested(SenderFact):
    """Another token was asked for.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.token_sent")
class SenderTokenSent(SenderFact):
    """Kakao has sent a token to the manager.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.refused")
class SenderProfileRefused(SenderFact):
    """Kakao does not take the channel, e.g. a developer's one.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.token_given")
class SenderTokenGiven(SenderFact):
    """The manager's token was handed in.

    Attributes:
        sheet: the profile after it.
        token: vault token under which it lies.
    """

    token: str


@fact("sender_profile.token_refused")
class SenderTokenRefused(SenderFact):
    """Kakao does not take the token: it is wrong or too old.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.registered")
class SenderProfileRegistered(SenderFact):
    """Kakao has registered the channel: messages may be sent in its name.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.state_changed")
class SenderStateChanged(SenderFact):
    """Kakao has blocked a registered channel, put it to sleep, or let it send again.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.removed")
class SenderProfileRemoved(SenderFact):
    """The account does not use the profile any more.

    Attributes:
        sheet: the profile after it.
    """


@fact("sender_profile.reordered")
class SenderProfilesReordered(Fact):
    """The account put its profiles into another order.

    Attributes:
        account_id: whose they are.
        sheets: all of them, in the new order.
    """

    account_id: str
    sheets: tuple[SenderSheet, ...]

    def apply(self, stream: SenderProfiles) -> None:
        for sheet in self.sheets:
            stream.profiles[sheet.profile_id] = sheet


def senders_id(account_id: str) -> str:
    """Return the name of the stream of an account's profiles."""
    return f"senders:{account_id}"


@stream_class("sender_profile")
class SenderProfiles(Stream):
    """All sender profiles of an account.

    Attributes:
        profiles: by id; removed ones are gone.
    """

    Requested = SenderProfileRequested
    TokenRequested = SenderTokenRequested
    TokenSent = SenderTokenSent
    Refused = SenderProfileRefused
    TokenGiven = SenderTokenGiven
    TokenRefused = SenderTokenRefused
    Registered = SenderProfileRegistered
    StateChanged = SenderStateChanged
    Removed = SenderProfileRemoved
    Reordered = SenderProfilesReordered

    __slots__ = ("profiles",)

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.profiles: dict[str, SenderSheet] = {}

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at = self.version, self.recorded_at
        twin.profiles = dict(self.profiles)
        return twin

    def request(
        self, stamp: Stamp, *, account_id: str, search_id: str, category: Sequence[str], manager: str
    ) -> SenderProfileRequested:
        """Want a profile for a channel.

        Args:
            search_id: of the channel, with its @.
            category: three levels.
            manager: vault token of the manager's phone number.

        Raises:
            SearchIdInvalid. CategoryInvalid. SearchIdTaken: the account has it. SenderProfilesFull: it has 20.

        Source: SPEC B3.
        """
        if not _SEARCH_ID.fullmatch(search_id):
            raise SearchIdInvalid("search_id is @ and 1 to 30 letters, digits, dots, hyphens or underscores")
        levels = tuple(level.strip() for level in category)
        if len(levels) != CATEGORY_LEVELS or not all(0 < len(level) <= CATEGORY_CHARACTERS_MAX for level in levels):
            raise CategoryInvalid(
                f"category has {CATEGORY_LEVELS} levels of 1 to {CATEGORY_CHARACTERS_MAX} characters",
                levels=CATEGORY_LEVELS,
            )
        own = self._counted()
        if any(sheet.search_id == search_id for sheet in own):
            raise SearchIdTaken("the account has a profile of this channel")
        if len(own) >= PROFILES_MAX:
            raise SenderProfilesFull(f"an account has {PROFILES_MAX} sender profiles at most", maximum=PROFILES_MAX)
        sheet = SenderSheet(
            profile_id=child_id(PREFIX, account_id, self.version + 1),
            account_id=account_id,
            search_id=search_id,
            category=levels,
            manager=manager,
            rank=max((each.rank for each in own), default=-1) + 1,
            status=REQUESTED,
            code=None,
            channel_key=None,
            attempt=1,
            requested_at=stamp.recorded_at,
            registered_at=None,
        )
        made: SenderProfileRequested = self.record(SenderProfileRequested, stamp, sheet=sheet)
        return made

    def request_token(self, stamp: Stamp, profile_id: str) -> None:
        """Ask for another token. Raises: SenderProfileNotFound, SenderProfileBusy: none was sent, or it is in use."""
        sheet = self._at(profile_id, AWAITING_TOKEN)
        self._record(SenderTokenRequested, stamp, sheet, status=REQUESTED, attempt=sheet.attempt + 1, code=None)

    def note_token_sent(self, stamp: Stamp, profile_id: str) -> None:
        """Note that Kakao has sent a token. Raises: SenderProfileNotFound, SenderProfileBusy."""
        self._record(SenderTokenSent, stamp, self._at(profile_id, REQUESTED), status=AWAITING_TOKEN)

    def note_refused(self, stamp: Stamp, profile_id: str, code: str) -> None:
        """Note that Kakao does not take the channel. Raises: SenderProfileNotFound, SenderProfileBusy."""
        self._record(SenderProfileRefused, stamp, self._at(profile_id, REQUESTED), status=REFUSED, code=code)

    def give_token(self, stamp: Stamp, profile_id: str, token: str) -> None:
        """Hand in the manager's token.

        Args:
            token: vault token under which it lies.

        Raises:
            SenderProfileNotFound. SenderProfileBusy: no token is awaited.
        """
        sheet = self._at(profile_id, AWAITING_TOKEN)
        self._record(SenderTokenGiven, stamp, sheet, {"token": token}, status=VERIFYING, code=None)

    def note_token_refused(self, stamp: Stamp, profile_id: str, code: str) -> None:
        """Note that Kakao does not take the token. Raises: SenderProfileNotFound, SenderProfileBusy."""
        self._record(SenderTokenRefused, stamp, self._at(profile_id, VERIFYING), status=AWAITING_TOKEN, code=code)

    def note_registered(self, stamp: Stamp, profile_id: str, channel_key: str) -> None:
        """Note that Kakao has registered the channel. Raises: SenderProfileNotFound, SenderProfileBusy."""
        sheet = self._at(profile_id, VERIFYING)
        self._record(
            SenderProfileRegistered,
            stamp,
            sheet,
            status=NORMAL,
            channel_key=channel_key,
            registered_at=stamp.recorded_at,
        )

    def note_state(self, stamp: Stamp, profile_id: str, state: str) -> None:
        """Note what Kakao says of a registered channel.

        Raises:
            SenderProfileNotFound. SenderProfileBusy: it is not registered. SenderStateUnchanged: that is known.
        """
        sheet = self._at(profile_id, *CHANNEL_STATES)
        if sheet.status == state:
            raise SenderStateUnchanged("the channel's state is recorded already")
        self._record(SenderStateChanged, stamp, sheet, status=state)

    def remove(self, stamp: Stamp, profile_id: str) -> None:
        """Use a profile no more. Raises: SenderProfileNotFound."""
        self._record(SenderProfileRemoved, stamp, self._get(profile_id), status=REMOVED)

    def reorder(self, stamp: Stamp, account_id: str, profile_ids: Sequence[str]) -> None:
        """Put the profiles into another order.

        Raises:
            SenderOrderInvalid: not each profile of the account is named once.
        """
        own = {sheet.profile_id: sheet for sheet in self._counted()}
        if len(profile_ids) != len(own) or set(profile_ids) != set(own) or not own:
            raise SenderOrderInvalid("profile_ids must name each of the account's sender profiles once", count=len(own))
        sheets = tuple(replace(own[profile_id], rank=rank) for rank, profile_id in enumerate(profile_ids))
        self.record(SenderProfilesReordered, stamp, account_id=account_id, sheets=sheets)

    def usable(self, profile_id: str) -> SenderSheet:
        """Return a profile in whose name messages may be sent.

        Raises:
            SenderProfileNotFound. SenderProfileNotUsable: it is not registered, blocked or dormant.
        """
        sheet = self._get(profile_id)
        if sheet.status != NORMAL:
            raise SenderProfileNotUsable("the sender profile must be in the state normal", state=sheet.status)
        return sheet

    def _counted(self) -> list[SenderSheet]:
        return [sheet for sheet in self.profiles.values() if sheet.counts]

    def _get(self, profile_id: str) -> SenderSheet:
        sheet = self.profiles.get(profile_id)
        if sheet is None:
            raise SenderProfileNotFound("the account has no such sender profile")
        return sheet

    def _at(self, profile_id: str, *statuses: str) -> SenderSheet:
        sheet = self._get(profile_id)
        if sheet.status not in statuses:
            raise SenderProfileBusy("the sender profile is at another step", state=sheet.status, allowed=[*statuses])
        return sheet

    def _record(
        self,
        kind: type[SenderFact],
        stamp: Stamp,
        sheet: SenderSheet,
        more: dict[str, Any] | None = None,
        **changed: Any,
    ) -> None:
        self.record(kind, stamp, sheet=replace(sheet, **changed), **(more or {}))
