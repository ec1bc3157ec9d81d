"""How often a key may ask."""

from __future__ import annotations

from contextlib import suppress

import pytest

from api.access import ROLES, Caller
from api.problems import TooManyRequests
from api.rates import BURST_S, READS_PER_S, WRITES_PER_S, Rates


def caller(role: str, principal: str = "key_1") -> Caller:
    """Return a caller of a role."""
    return Caller(principal, principal, role, ROLES[role])


def taken(rates: Rates, by: Caller, *, writes: bool, tries: int) -> int:
    """Return how many of many requests are let through."""
    count = 0
    for _ in range(tries):
        with suppress(TooManyRequests):
            rates.take(by, writes=writes)
            count += 1
    return count


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"service"}))
@pytest.mark.parametrize(("writes", "per_s"), [(False, READS_PER_S), (True, WRITES_PER_S)])
def test_a_persons_key_has_a_burst_and_then_its_rate(role: str, writes: bool, per_s: int) -> None:
    now = [0.0]
    rates = Rates(monotonic=lambda: now[0])

    assert taken(rates, caller(role), writes=writes, tries=5_000) == per_s * BURST_S
    now[0] += 2
    assert taken(rates, caller(role), writes=writes, tries=5_000) == per_s * 2
    now[0] += 1_000_000
    assert taken(rates, caller(role), writes=writes, tries=5_000) == per_s * BURST_S


def test_a_services_key_has_no_bound() -> None:
    assert taken(Rates(monotonic=lambda: 0.0), caller("service"), writes=True, tries=5_000) == 5_000


def test_one_key_does_not_use_up_anothers_requests() -> None:
    rates = Rates(monotonic=lambda: 0.0)
    taken(rates, caller("master", "key_1"), writes=True, tries=5_000)

    assert taken(rates, caller("master", "key_2"), writes=True, tries=1) == 1
    assert taken(rates, caller("master", "key_1"), writes=False, tries=1) == 1
