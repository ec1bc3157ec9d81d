"""The money of one order on its account: the hold from which its coupons are paid.

An order moves money only here, by the account's own decisions; when the last of the hold goes, the spend's own stream
takes over, in the same commit, as it does for every spend.
"""

from __future__ import annotations

from collections.abc import Sequence

from aggregates.account import Account, standing
from aggregates.account.parts import MonthPart, SpendState
from aggregates.fact import Stamp
from aggregates.spend import Spend


class Purse:
    """The spend of an order.

    Attributes:
        account: whose money it is.
    """

    def __init__(self, account: Account, own: Spend, spend_id: str) -> None:
        self.account = account
        self._own = own
        self._spend_id = spend_id

    def check(self) -> None:
        """Refuse what the account would refuse, before the first record. Raises: AccountIsClosed."""
        standing.refuse_closed(self.account)

    def capture(self, stamp: Stamp, amount_minor: int, coupons: int) -> None:
        """Take held money for good: so many coupons were issued. 0 moves nothing."""
        if amount_minor:
            state = self.account.capture_spend(
                stamp, spend_id=self._spend_id, amount_minor=amount_minor, reason="issued", coupons=coupons
            )
            self._settle(stamp, state)

    def refund_difference(self, stamp: Stamp, amount_minor: int) -> None:
        """Give back what one choice was cheaper. 0 moves nothing."""
        if amount_minor:
            state = self.account.refund_difference(
                stamp, spend_id=self._spend_id, amount_minor=amount_minor, reason="choice_confirmed"
            )
            self._settle(stamp, state)

    def give_back(self, stamp: Stamp, amount_minor: int, reason: str) -> None:
        """Give back held money: nothing will be issued for it. 0 moves nothing."""
        if amount_minor:
            state = self.account.return_spend(
                stamp,
                spend_id=self._spend_id,
                spend=self.account.holds[self._spend_id],
                amount_minor=amount_minor,
                reason=reason,
            )
            self._settle(stamp, state)

    def take_back(self, stamp: Stamp, amount_minor: int, reason: str, issued_in: Sequence[MonthPart] = ()) -> None:
        """Give back captured money, and leave alone what is still held: issued coupons were voided.

        Args:
            issued_in: the money by the month in which its coupons were issued; a postpaid order knows.
        """
        held = self.account.holds.get(self._spend_id)
        state = held or self._own.state
        assert state is not None, "the spend of an order is held, or settled on its own stream"
        state = self.account.return_captured(
            stamp,
            spend_id=self._spend_id,
            spend=state,
            amount_minor=amount_minor,
            reason=reason,
            issued_in=issued_in,
        )
        if held is None:
            self._own.note_return(
                stamp,
                spend_id=self._spend_id,
                account_id=self.account.account_id,
                amount_minor=amount_minor,
                spend=state,
            )

    def await_void(self, stamp: Stamp, order_id: str, void: int, coupons: int) -> None:
        """Keep the account open until the issuer's last word on a void. Raises: AccountIsClosed."""
        self.account.await_void(stamp, order_id=order_id, void=void, coupons=coupons)

    def conclude_void(self, stamp: Stamp, order_id: str, void: int) -> None:
        """Nothing more is to come of a void."""
        self.account.conclude_void(stamp, order_id=order_id, void=void)

    def _settle(self, stamp: Stamp, state: SpendState) -> None:
        if not state.held_minor:
            self._own.settle(stamp, spend_id=self._spend_id, account_id=self.account.account_id, spend=state)
