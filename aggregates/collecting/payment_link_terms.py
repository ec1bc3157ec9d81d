"""What a payment link may ask for: amounts, uses and its last day (SPEC Y1, Y2, R-130, R-132, R-133)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from aggregates.collecting.obligation_parts import AMOUNT_MAX
from aggregates.collecting.zones import local_date
from aggregates.errors import Rejected

MINIMUMS: Mapping[str, int] = {"KRW": 1_000, "IRR": 10_000}
"""Least that a gateway takes, in minor units; of other currencies one unit (SPEC R-133)."""

USES_MAX = 10_000
EXPIRY_DAYS_MAX = 5 * 366
"""How many days ahead the last day may lie: as long as records of a payment are kept."""


class LinkAmountNotAllowed(Rejected):
    """An amount of the link is below what a gateway takes, or its bounds do not fit each other."""

    code = "link_amount_not_allowed"


class LinkExpiryNotAllowed(Rejected):
    """The last day of the link is over already, or too far away."""

    code = "link_expiry_not_allowed"


class LinkUsesNotAllowed(Rejected):
    """A link can be used 1 to 10,000 times, not less often than it was already, and only once where parts are paid."""

    code = "link_uses_not_allowed"


def minimum_of(currency: str) -> int:
    """Return the least that a gateway takes of a currency, in minor units. Source: SPEC R-133."""
    return MINIMUMS.get(currency, 1)


def check_terms(
    at: datetime,
    *,
    currency: str,
    amount_minor: int | None,
    minimum_minor: int | None,
    maximum_minor: int | None,
    parts: bool,
    max_uses: int,
    expires_on: date,
    time_zone: str,
) -> int:
    """Check what a link shall ask for; return the least that one payment by it may bring, in minor units.

    Args:
        at: the ledger's own clock.
        amount_minor: None = the payer decides. minimum_minor: None = what a gateway takes.

    Raises:
        Malformed: an unknown time zone.
        LinkExpiryNotAllowed: its last day is over in its time zone, or over five years away.
        LinkUsesNotAllowed: not 1 to 10,000, or more than once where parts are paid.
        LinkAmountNotAllowed: less than a gateway takes, or bounds that do not fit.

    Source: SPEC Y1, Y2, R-130, R-132, R-133.
    """
    today = local_date(at, time_zone)
    if not today <= expires_on <= today + timedelta(days=EXPIRY_DAYS_MAX):
        raise LinkExpiryNotAllowed("expires_on must be today or later in the link's time zone, within five years")
    if not 1 <= max_uses <= USES_MAX or (parts and max_uses > 1):
        text = f"max_uses must be 1 to {USES_MAX}, and 1 where the amount may be paid in parts"
        raise LinkUsesNotAllowed(text, maximum=1 if parts else USES_MAX)
    floor = minimum_of(currency)
    least = floor if minimum_minor is None else minimum_minor
    if amount_minor is not None:
        if not floor <= amount_minor <= AMOUNT_MAX:
            text = f"amount must be {floor} to {AMOUNT_MAX} minor units of {currency}"
            raise LinkAmountNotAllowed(text, minimum=floor, maximum=AMOUNT_MAX)
        if maximum_minor is not None or (minimum_minor is not None and not parts):
            raise LinkAmountNotAllowed("minimum and maximum are for links whose payer decides, or that parts may pay")
        most = amount_minor
    elif parts:
        raise LinkAmountNotAllowed("parts may be paid only of an amount that is given")
    else:
        most = AMOUNT_MAX if maximum_minor is None else maximum_minor
    if not floor <= least <= most <= AMOUNT_MAX:
        text = f"minimum must be {floor} or more and maximum not below it, in minor units of {currency}"
        raise LinkAmountNotAllowed(text, minimum=floor, maximum=most)
    return least
