"""The OpenAPI 3.1 document: FastAPI writes it from the declared operations, this adds what the house has in common.

Responses of refusals, headers, security and examples come from one place each, so that no operation can forget them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from aggregates.account.transfers import CurrencyMismatch
from aggregates.books import PeriodIsClosed
from aggregates.errors import Conflict, LedgerError, Malformed, NotFound, Unavailable
from api import problems
from api.access import ROLES, SCOPES
from api.operation import OPERATIONS, PUBLIC, Operation
from api.refusals import met
from ledger import problems as table
from ledger.decider import OccurredAhead
from ledger.engine import OutcomeUnknown, Overloaded
from ledger.recall import KeyReused
from ledger.unit import AccountNotFound
from projections.tracking import ViewBehind

TITLE = "Payments ledger"
DESCRIPTION = (
    "An event-sourced payments ledger: every balance change is an immutable, sealed fact. Amounts are JSON integers in"
    " minor units beside their currency. Every POST needs an Idempotency-Key; the same key with the same request gets"
    " the first answer again, byte for byte. Every write answers with its Ledger-Position; send it back as"
    " Ledger-Min-Position to read what you wrote."
)

EVERYWHERE: tuple[type[LedgerError], ...] = (
    Malformed,
    problems.RequestTimeout,
    problems.TooLarge,
    problems.PathTooLong,
    problems.UnsupportedContent,
    problems.HeadersTooLarge,
    problems.InternalError,
    Unavailable,
)
"""Refusals that any request can meet."""

WITH_KEY: tuple[type[LedgerError], ...] = (problems.Unauthenticated, problems.NotAllowed, problems.TooManyRequests)
"""Refusals of any operation that needs a key."""

LEAVES: tuple[type[LedgerError], ...] = (
    problems.MethodNotAllowed,
    problems.KeyMissing,
    problems.RouteNotFound,
    NotFound,
    Conflict,
    AccountNotFound,
    KeyReused,
    OccurredAhead,
    PeriodIsClosed,
    Overloaded,
    OutcomeUnknown,
    ViewBehind,
)
"""Refusals of the dispatch, the engine and the views, for the table of all codes."""

_PARAM_HINTS = {
    "account_id": "acc_01k7q4m2x9w3t8r5z6",
    "charge_id": "chg_01k7q4m2x9w3t8r5z62",
    "spend_id": "spd_01k7q4m2x9w3t8r5z63",
    "refund_id": "rfd_01k7q4m2x9w3t8r5z64",
    "deposit_id": "dep_01k7q4m2x9w3t8r5z65",
    "adjustment_id": "adj_01k7q4m2x9w3t8r5z66",
    "member_id": "member-7",
    "mandate_id": "mdt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "debit_id": "dbt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "plan_id": "dpl_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "batch_id": "dbb_01k7q4m2x9w3t8r5z627pm2r",
    "bill_id": "bil_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "building_id": "bld_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "unit_id": "unt_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "code": "heating",
    "customer_id": "cus_01k7q4m2x9w3t8r5z6x2m4q8w1t5r9",
    "invoice_id": "inv_01k7q4m2x9w3t8r5z66",
    "month": "2026-02",
    "line_id": "lin_01k7q4m2x9w3t8r5z61",
    "link_id": "lnk_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "source": "example-bank",
    "key_id": "key_7k2m9q4x1w8t",
    "product_id": "prd_01k7q4m2x9w3t8r5z6",
    "quote_id": "qte_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "rule_id": "ann_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "upload_id": "upl_cqsbaq4u3ff7tpwmkwyzkv4y2c5no3ab",
    "export_id": "exp_3f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11",
    "kind": "recipients",
    "folder_id": "fld_h6q2n5kcrqk4tzsmtjv6chfvfmkkpwqd",
    "group_id": "grp_5ywhotv2lrsmgh3jqx2svvgsz2dwnxyb",
    "contact_id": "con_7bzq4gnt3mfqhv5yfkwsc2xjk6d3wrpe",
    "payment_id": "pay_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "billing_key_id": "bky_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "provider": "gateway",
    "scenario": "rates",
    "profile_id": "snp_01k7q4m2x9w3t8r5z61",
    "order_id": "ord_01k7q4m2x9w3t8r5z67",
    "void": "1",
    "withdrawal_id": "wdr_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "obligation_id": "obl_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "payout_link_id": "pol_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "document_id": "doc_01k7q4m2x9w3t8r5z6",
    "request_id": "prq_01k7q4m2x9w3t8r5z6h2k9w4q8m1x7",
    "number": "1",
    "attachment_id": "att_abcdefghijklmnopqrstuvwxyz234567",
    "format": "pdf",
}


def declare(app: FastAPI, *, sandbox: bool) -> None:
    """Tell FastAPI about every operation, so that it can describe them; answering them is `api.dispatch`'s.

    (Not about bodies and answers: FastAPI makes an adapter for each field of each of their models, several seconds of
    work, where pydantic writes all their schemas in one go; see `finish`.)

    Args:
        sandbox: whether those of the sandbox are among them.
    """
    for operation in OPERATIONS:
        if operation.sandbox and not sandbox:
            continue
        app.add_api_route(
            operation.path,
            _described(operation),
            methods=[operation.method],
            operation_id=operation.name,
            summary=operation.summary,
            description=operation.description or operation.summary + ".",
            tags=[operation.tag],
            status_code=operation.status,
            response_model=None,
        )


def finish(document: dict[str, Any]) -> dict[str, Any]:
    """Add to FastAPI's document bodies and answers, and what all operations share."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _problem_schema()
    components["headers"] = _headers()
    components["parameters"] = _parameters()
    components["responses"] = _responses()
    components["securitySchemes"] = {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key. Roles: "
            + "; ".join(f"{role}: {', '.join(sorted(scopes))}" for role, scopes in ROLES.items())
            + ". Scopes: "
            + "; ".join(f"{scope}: {meaning}" for scope, meaning in SCOPES.items()),
        }
    }
    told = [operation for operation in OPERATIONS if operation.path in document["paths"]]
    references, definitions = models_json_schema(_models(told), ref_template="#/components/schemas/{model}")
    schemas.update(definitions["$defs"])
    for operation in told:
        entry = document["paths"][operation.path][operation.method.lower()]
        _finish_operation(entry, operation, references)
    document["x-refusals"] = [
        {"code": error.code, "status": table.status(error), "meaning": _meaning(error)} for error in all_refusals()
    ]
    return document


def all_refusals() -> list[type[LedgerError]]:
    """Return every refusal that any operation can meet, by code."""
    found: dict[str, type[LedgerError]] = {}
    for error in (*EVERYWHERE, *WITH_KEY, *LEAVES):
        found[error.code] = error
    for operation in OPERATIONS:
        for error in operation.raises:
            found.setdefault(error.code, error)
    return [found[code] for code in sorted(found)]


def _described(operation: Operation) -> Any:
    """Return a function whose signature tells FastAPI about path, query and body; it is never called."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, keyword, annotation=Annotated[str, Path(examples=[_PARAM_HINTS[name]])])
        for name in operation.params
    ]
    if operation.query is not None:
        parameters.append(inspect.Parameter("query", keyword, annotation=Annotated[operation.query, Query()]))

    def described(**_: Any) -> None:
        raise AssertionError("operations are answered by api.dispatch")

    described.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    described.__name__ = operation.name
    return described


Mode = Literal["validation", "serialization"]
_IN: Mode = "validation"
_OUT: Mode = "serialization"


def _models(operations: list[Operation]) -> list[tuple[type[BaseModel], Mode]]:
    """Return the models of bodies and answers, each once."""
    bodies = [(operation.body, _IN) for operation in operations if operation.body is not None]
    answers = [(operation.answer, _OUT) for operation in operations if operation.answer is not None]
    return list(dict.fromkeys([*bodies, *answers]))


def _finish_operation(entry: dict[str, Any], operation: Operation, references: Mapping[Any, Any]) -> None:
    if operation.scope != PUBLIC:
        entry["security"] = [{"apiKey": [operation.scope]}]
    else:
        entry["security"] = []
    parameters = entry.setdefault("parameters", [])
    if operation.keyed is not None:
        name = "IdempotencyKey" if operation.keyed else "OptionalIdempotencyKey"
        parameters.append({"$ref": f"#/components/parameters/{name}"})
    elif operation.scope != PUBLIC:
        parameters.append({"$ref": "#/components/parameters/LedgerMinPosition"})
    if operation.body is not None:
        content = {"schema": references[operation.body, _IN], "example": _example(operation.body)}
        entry["requestBody"] = {"required": True, "content": {"application/json": content}}
    if operation.file:
        raw = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        entry["requestBody"] = {"required": True, "content": raw}
    success = entry["responses"][str(operation.status)]
    entry["responses"] = {str(operation.status): success}
    success["headers"] = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    if operation.scope != PUBLIC:
        success["headers"]["Ledger-Position"] = {"$ref": "#/components/headers/LedgerPosition"}
    if operation.keyed is not None:
        success["headers"]["Idempotent-Replayed"] = {"$ref": "#/components/headers/IdempotentReplayed"}
    if operation.answer is not None:
        content = {"schema": references[operation.answer, _OUT], "example": _example(operation.answer)}
        success["content"] = {"application/json": content}
    else:
        success["content"] = {operation.media_type: {"schema": {"type": "string"}}}
    if operation.name == "get_statement":
        success["content"]["text/csv"] = {"schema": {"type": "string"}}
    for status, errors in _by_status(operation).items():
        entry["responses"][str(status)] = _refusal_response(status, errors)
    if operation.name == "readyz":
        entry["responses"]["503"] = success | {"description": "Not ready; says why."}


def _by_status(operation: Operation) -> dict[int, list[type[LedgerError]]]:
    """Return the refusals of an operation by status, the leaves that its rules can make included."""
    errors: list[type[LedgerError]] = list(EVERYWHERE)
    if operation.scope != PUBLIC:
        errors += WITH_KEY
    if operation.params or operation.body is not None or operation.file:
        errors.append(NotFound)
    if operation.keyed:
        errors.append(problems.KeyMissing)
    leaves = [*met(operation.build or operation.handler, operation.raises)]
    if operation.build and "currency" in getattr(operation.body, "model_fields", ()) and CurrencyMismatch not in leaves:
        leaves.append(CurrencyMismatch)
    if operation.keyed is not None and operation.name != "revoke_key":
        leaves += [KeyReused, OccurredAhead, PeriodIsClosed]
        if operation.scope != PUBLIC and not any(issubclass(error, Conflict) for error in leaves):
            leaves.append(Conflict)
    found: dict[int, list[type[LedgerError]]] = {}
    for error in (*errors, *leaves):
        found.setdefault(table.status(error), []).append(error)
    return dict(sorted(found.items()))


def _refusal_response(status: int, errors: list[type[LedgerError]]) -> dict[str, Any]:
    if len(errors) == 1 and errors[0] in (*EVERYWHERE, *WITH_KEY, NotFound):
        return {"$ref": f"#/components/responses/{errors[0].code}"}
    codes = sorted({error.code for error in errors})
    return {
        "description": "; ".join(f"`{error.code}`: {_meaning(error)}" for error in errors),
        "content": {table.CONTENT_TYPE: _problem_content(status, codes[0], _meaning(errors[0]))},
    }


def _responses() -> dict[str, Any]:
    errors: tuple[type[LedgerError], ...] = (*EVERYWHERE, *WITH_KEY, NotFound)
    shared = {error.code: error for error in errors}
    return {
        code: {
            "description": _meaning(error),
            "content": {table.CONTENT_TYPE: _problem_content(table.status(error), code, _meaning(error))},
        }
        for code, error in shared.items()
    }


def _problem_content(status: int, code: str, meaning: str) -> dict[str, Any]:
    example = {
        "type": f"/docs#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": meaning,
        "request_id": "req_4f1c0b7a9d2e5f8a6b3c1d0e",
    }
    return {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "title": "Problem",
        "description": "A refusal (RFC 9457). Beside these members stand the numbers that decided.",
        "type": "object",
        "required": list(table.MEMBERS),
        "properties": {**dict.fromkeys(table.MEMBERS, text), "status": {"type": "integer"}},
    }


def _headers() -> dict[str, Any]:
    def header(description: str, kind: str) -> dict[str, Any]:
        return {"description": description, "schema": {"type": kind}}

    return {
        "RequestId": header("Names this request in the log and in its facts.", "string"),
        "LedgerPosition": header("Where the write is, or what the read has seen.", "integer"),
        "IdempotentReplayed": header("`true` when this is the first answer to the key again.", "string"),
    }


def _parameters() -> dict[str, Any]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "8 to 255 visible ASCII characters, new for each new request; never expires.",
        "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "topup-2026-03-0001",
    }
    return {
        "IdempotencyKey": {**key, "required": True},
        "OptionalIdempotencyKey": {**key, "required": False},
        "LedgerMinPosition": {
            "name": "Ledger-Min-Position",
            "in": "header",
            "required": False,
            "description": "Wait up to 2 s until the read has seen this position; then 503 view_behind.",
            "schema": {"type": "integer", "minimum": 0},
        },
    }


def _example(model: Any) -> Any:
    extra = model.model_config.get("json_schema_extra")
    return extra["example"] if isinstance(extra, dict) else {}


def _meaning(error: type[LedgerError]) -> str:
    """Return the first sentence of an error's docstring."""
    doc = inspect.getdoc(error) or error.code
    return " ".join(doc.split("\n\n")[0].split())


def examples_of(operations: Iterable[Operation]) -> list[tuple[Operation, Any]]:
    """Return the body example of each operation that has a body."""
    return [(operation, _example(operation.body)) for operation in operations if operation.body is not None]
