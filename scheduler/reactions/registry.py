"""The list of all reactions. A new one is a module of this package and a line here."""

from __future__ import annotations

from scheduler.reactions import (
    catalogue,
    collections,
    direct_debits,
    forgetting,
    mandates,
    notices,
    payments,
    payout_links,
    payouts,
    residents,
    senders,
    tellings,
    withdrawals,
)
from scheduler.reactions.bench import Reaction
from scheduler.reactions.orders import endings, retention, work

REACTIONS: tuple[Reaction, ...] = (
    catalogue.REACTION,
    collections.REACTION,
    direct_debits.REACTION,
    forgetting.REACTION,
    mandates.REACTION,
    notices.REACTION,
    payments.REACTION,
    payout_links.REACTION,
    payouts.REACTION,
    residents.REACTION,
    senders.REACTION,
    senders.STATES,
    tellings.REACTION,
    withdrawals.REACTION,
    work.REACTION,
    work.ITEMS_GONE,
    retention.RETENTION,
    endings.ENDINGS,
)
"""Every reaction that the process runs."""
