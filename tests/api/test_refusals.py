"""What an operation is said to be refused for is what its code leads to: nobody else's rules, and none missing."""

from __future__ import annotations

import pytest

from aggregates.account import standing
from aggregates.errors import Conflict, LedgerError
from api.app import described
from api.operation import OPERATIONS
from api.refusals import met, rules


def refusals_of(name: str) -> set[str]:
    (operation,) = [each for each in OPERATIONS if each.name == name]
    return {error.code for error in met(operation.build or operation.handler, operation.raises)}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("freeze_account", {"account_closed", "account_frozen"}),
        ("unfreeze_account", {"account_closed", "account_not_frozen"}),
        ("relist_product", {"product_not_found", "product_on_sale"}),
        ("reject_adjustment", {"account_closed", "adjustment_already_decided"}),
    ],
)
def test_an_operation_names_the_refusals_of_its_own_command_alone(name: str, codes: set[str]) -> None:
    assert refusals_of(name) == codes


def test_refusals_deep_in_the_rules_are_found() -> None:
    found = refusals_of("spend")

    assert {"insufficient_funds", "limit_exceeded", "member_limit_not_granted", "account_frozen"} <= found
    assert not {"account_exists", "overdraft_not_allowed", "spend_of_order"} & found


def test_money_in_another_currency_is_named_wherever_a_body_may_say_one() -> None:
    operations = described().openapi()["paths"]["/v1/accounts/{account_id}/charges"]

    assert "`currency_mismatch`" in operations["post"]["responses"]["422"]["description"]


def test_what_is_named_one_by_one_stands() -> None:
    assert {"payment_not_found"} <= refusals_of("get_payment")
    assert {"gateway_not_configured", "currency_mismatch"} <= refusals_of("start_payment")


class TooEarly(Conflict):
    """It is too early."""

    code = "too_early"


class TooLate(Conflict):
    """It is too late."""

    code = "too_late"


def test_functions_methods_tables_and_nested_functions_are_followed() -> None:
    table: dict[str, type[LedgerError]] = {"late": TooLate}

    def nested() -> None:
        def inner() -> None:
            raise table["late"]("it is too late")

        inner()

    def early() -> None:
        raise TooEarly("it is too early")

    def neither() -> None:
        return None

    named = (TooEarly, TooLate)
    assert met(nested, named) == (TooLate,)
    assert met(early, named) == (TooEarly,)
    assert met(neither, named) == ()
    assert met(neither, (TooEarly,)) == (TooEarly,), "one of a module's refusals was named for itself"


def test_a_module_of_rules_gives_its_refusals_in_the_order_of_their_codes() -> None:
    codes = [error.code for error in rules(standing)]

    assert codes == sorted(codes)
    assert "account_frozen" in codes
