"""Orders as people fill them in: items by product, priced in the decision itself (SPEC R-025)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from aggregates.fact import Stamp
from aggregates.sender_profile import SenderProfiles, senders_id
from ledger.command import Streams
from ledger.commands.orders import PlaceOrder
from ledger.commands.products import Wish, lines_of


@dataclass(frozen=True, slots=True)
class OrderFromCatalogue:
    """Order items of the catalogue at the prices of the moment in which it is decided.

    Attributes:
        order: the order without its lines. wishes: its lines.
    """

    ANSWER: ClassVar[str] = PlaceOrder.ANSWER

    order: PlaceOrder
    wishes: tuple[Wish, ...]

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record what `PlaceOrder` records.

        Raises:
            ProductNotFound, ProductDiscontinued, ValidityNotOffered: an item is not to be had.
            SenderProfileNotFound, SenderProfileNotUsable: the order names another sender than the service's own.
            LedgerError: as of `PlaceOrder`.

        Source: SPEC R-025, B3.
        """
        order = replace(self.order, lines=lines_of(streams, self.wishes))
        if order.sender_profile_id is not None:
            account = streams.account(order.account_id)
            streams.stream(SenderProfiles, senders_id(account.account_id)).usable(order.sender_profile_id)
        order.decide(streams, stamp)
