"""Anniversary rules: gifts that order themselves once a year. A rule is its owner's alone, never shared (SPEC V7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aggregates import product as product_rules
from aggregates.anniversary import refusals
from aggregates.anniversary.parts import RuleForm
from aggregates.anniversary.refusals import RuleNotFound
from aggregates.dates import business_date
from aggregates.ids import account_of as account_of_child
from aggregates.order import form as order_form
from aggregates.sender_profile import SenderProfileNotFound, SenderProfileNotUsable
from api import recipients as recipient_rules
from api import shapes
from api.access import filtered, own_child
from api.ask import Ask, page_reply
from api.bodies import EmptyBody
from api.catalogue_bodies import AnniversaryRuleBody, AnniversaryRuleChangeBody, RuleRecipientsBody, wishes
from api.fields import PageQuery
from api.operation import ORDER_BYTES_MAX, ORDER_ITEMS_MAX, operation, reads, writes
from api.owners import OwnerQuery, account_of, reading_of
from api.recipients import settle_recipients, take_recipients, take_texts
from api.refusals import rules
from api.reply import Reply, of_outcome, of_view
from api.routes.quotes import QuotesQuery
from api.routes.spends import spending_member
from ledger.commands.anniversaries import (
    EVERYONE,
    STAYS,
    Celebrated,
    ChangeRule,
    CreateRule,
    EndRule,
    PauseRule,
    ReplaceRuleRecipients,
    ResumeRule,
)
from ledger.vault import Party
from projections import anniversary_queries

OWN_RULE = own_child("rule_id", "ann")
RULES = rules(refusals)
FORM_PARTS = (
    "name",
    "kind",
    "designated",
    "dispatch_title",
    "allow_duplicates",
    "sender_profile_id",
    "template_id",
    "theme_id",
)
"""What a change may give of a rule's form."""

FORM = (
    *rules(refusals, order_form, product_rules),
    SenderProfileNotFound,
    SenderProfileNotUsable,
    *recipient_rules.RULES,
)


@operation(
    "POST",
    "/v1/anniversary-rules",
    scope="anniversaries:write",
    rule=filtered,
    body=AnniversaryRuleBody,
    answer=shapes.CreatedAnniversaryRule,
    status=201,
    raises=FORM,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
)
async def create_anniversary_rule(ask: Ask, body: AnniversaryRuleBody) -> Reply:
    """Make a rule: its orders are made at 02:00 of each anniversary and sent at 09:00."""
    account_id = await account_of(ask, OwnerQuery(account_id=body.account_id))
    member_id = spending_member(ask.caller, body.member_id)
    await ask.house.engine.freshen(*(line.product_id for line in body.lines))
    party = await take_recipients(ask, account_id, member_id, body.recipients, body.texts, anniversary=True)
    form = RuleForm(
        name=body.name,
        kind=body.kind,
        designated=body.designated,
        dispatch_title=body.dispatch_title,
        allow_duplicates=body.allow_duplicates,
        sender_profile_id=body.sender_profile_id,
        template_id=body.template_id,
        theme_id=body.theme_id,
        texts_token=party.texts,
    )
    command = CreateRule(
        account_id=account_id,
        member_id=member_id,
        form=form,
        wishes=wishes(body.lines),
        ends_on=body.ends_on,
        recipients=celebrated(party),
        duplicates=party.duplicates,
        consent=body.consent,
    )
    outcome = await ask.house.engine.submit(command, ask.call())
    await settle_recipients(ask, outcome)
    return of_outcome(outcome)


@operation(
    "PATCH",
    "/v1/anniversary-rules/{rule_id}",
    scope="anniversaries:write",
    rule=OWN_RULE,
    body=AnniversaryRuleChangeBody,
    answer=shapes.ChangedAnniversaryRule,
    raises=FORM,
    keyed=True,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
)
async def change_anniversary_rule(ask: Ask, rule_id: str, body: AnniversaryRuleChangeBody) -> Reply:
    """Change a rule: every order made afterwards is made so, and nothing that was ordered is ordered again.

    A new list of recipients counts from the next 02:00 on. A rule that is paused or suspended stays so.
    """
    given = body.model_fields_set
    people = ask.house.vault.people
    await ask.house.engine.freshen(rule_id, *(line.product_id for line in body.lines))
    account_id, member_id, tokens = account_of_child(rule_id), ask.caller.member_id, list[str]()
    may_repeat = body.recipients is None and bool({"lines", "allow_duplicates"} & given)
    if may_repeat or ask.caller.account_id is None:
        async with ask.house.views.see("anniversary_rules", at_least=await ask.position()) as (conn, _):
            account_id, member_id = await anniversary_queries.owner(conn, rule_id)
            _refuse_foreign(ask, member_id)
            tokens = await anniversary_queries.tokens_of(conn, rule_id) if may_repeat else []
    form = {name: getattr(body, name) for name in FORM_PARTS if name in given}
    party = None
    if "texts" in given:
        form["texts_token"] = None
    if body.recipients is not None:
        party = await take_recipients(ask, account_id, member_id, body.recipients, body.texts, anniversary=True)
        form |= {} if body.texts is None else {"texts_token": party.texts}
    elif body.texts is not None:
        form["texts_token"] = await take_texts(ask, body.texts)
    command = ChangeRule(
        rule_id,
        form=form,
        wishes=wishes(body.lines) if "lines" in given else None,
        ends_on=body.ends_on if "ends_on" in given else STAYS,
        recipients=None if party is None else celebrated(party),
        duplicates=await people.repeats(tokens) if may_repeat else party is not None and party.duplicates,
        consent=body.consent,
        by=_owner(ask),
    )
    outcome = await ask.house.engine.submit(command, ask.call())
    if party is not None or body.texts is not None:
        await settle_recipients(ask, outcome)
    return of_outcome(outcome)


@reads(
    "/v1/anniversary-rules",
    scope="anniversaries:read",
    rule=filtered,
    query=QuotesQuery,
    answer=shapes.list_of(shapes.ListedAnniversaryRule),
)
async def list_anniversary_rules(ask: Ask, query: QuotesQuery) -> Reply:
    """List the rules of one owner, newest first: a sub-member's, or, when none is named, the master's own."""
    account_id = await account_of(ask, OwnerQuery(account_id=query.account_id))
    member_id = query.member_id
    if ask.caller.account_id is not None:
        spending_member(ask.caller, query.member_id)
        member_id = ask.caller.member_id
        if query.member_id not in (None, member_id):
            raise RuleNotFound("rules are seen by their owner alone")
    async with ask.see("anniversary_rules") as (conn, position):
        page = await anniversary_queries.page(
            conn,
            account_id,
            member_id,
            today=business_date(ask.now()),
            cursor=query.cursor,
            limit=query.limit,
        )
    return page_reply(page, position)


@reads("/v1/anniversary-rules/{rule_id}", scope="anniversaries:read", rule=OWN_RULE, answer=shapes.AnniversaryRule)
async def get_anniversary_rule(ask: Ask, rule_id: str) -> Reply:
    """Read one rule with its newest notices: what was ordered, skipped, and why it was suspended."""
    async with ask.see("anniversary_rules") as (conn, position):
        found = await anniversary_queries.one(conn, rule_id, today=business_date(ask.now()))
    _refuse_foreign(ask, found["member_id"])
    return of_view(found, position)


@reads(
    "/v1/anniversary-rules/{rule_id}/recipients",
    scope="anniversaries:read",
    rule=OWN_RULE,
    query=PageQuery,
    answer=shapes.list_of(shapes.AnniversaryRecipient),
)
async def list_anniversary_recipients(ask: Ask, rule_id: str, query: PageQuery) -> Reply:
    """List who is on a rule and on which day, in the order of the list. Others than the owner see them masked."""
    async with ask.see("anniversary_rules") as (conn, position):
        _, member_id = await anniversary_queries.owner(conn, rule_id)
        _refuse_foreign(ask, member_id)
        items, next_cursor = await anniversary_queries.recipients_of(
            conn, rule_id, cursor=query.cursor, limit=query.limit
        )
    return page_reply((await _named(ask, items), next_cursor), position)


@operation(
    "POST",
    "/v1/anniversary-rules/{rule_id}/recipients",
    scope="anniversaries:write",
    rule=OWN_RULE,
    body=RuleRecipientsBody,
    answer=shapes.AnniversaryRecipients,
    raises=FORM,
    body_bytes_max=ORDER_BYTES_MAX,
    items_max=ORDER_ITEMS_MAX,
)
async def replace_anniversary_recipients(ask: Ask, rule_id: str, body: RuleRecipientsBody) -> Reply:
    """Put a new list into the place of the present one: it counts from the next 02:00 on."""
    account_id, member_id = account_of_child(rule_id), ask.caller.member_id
    if ask.caller.account_id is None:
        async with ask.house.views.see("anniversary_rules", at_least=await ask.position()) as (conn, _):
            account_id, member_id = await anniversary_queries.owner(conn, rule_id)
    await ask.house.engine.freshen(rule_id)
    party = await take_recipients(ask, account_id, member_id, body.recipients, anniversary=True)
    command = ReplaceRuleRecipients(rule_id, celebrated(party), party.duplicates, _owner(ask))
    outcome = await ask.house.engine.submit(command, ask.call())
    await settle_recipients(ask, outcome)
    return of_outcome(outcome)


@writes(
    "/v1/anniversary-rules/{rule_id}/pause",
    scope="anniversaries:write",
    rule=OWN_RULE,
    body=EmptyBody,
    answer=shapes.AnniversaryStatus,
    raises=RULES,
)
async def pause_anniversary_rule(ask: Ask, rule_id: str, body: EmptyBody) -> PauseRule:
    """Switch a rule off."""
    await ask.house.engine.freshen(rule_id)
    return PauseRule(rule_id, by=_owner(ask))


@writes(
    "/v1/anniversary-rules/{rule_id}/resume",
    scope="anniversaries:write",
    rule=OWN_RULE,
    body=EmptyBody,
    answer=shapes.AnniversaryStatus,
    raises=(*RULES, product_rules.ProductDiscontinued, product_rules.ValidityNotOffered),
)
async def resume_anniversary_rule(ask: Ask, rule_id: str, body: EmptyBody) -> ResumeRule:
    """Switch a rule on at the prices of now, also after a suspension."""
    async with ask.see("anniversary_rules") as (conn, _):
        await ask.house.engine.freshen(rule_id, *await anniversary_queries.product_ids(conn, rule_id))
    return ResumeRule(rule_id, by=_owner(ask))


@writes(
    "/v1/anniversary-rules/{rule_id}/end",
    scope="anniversaries:write",
    rule=OWN_RULE,
    body=EmptyBody,
    answer=shapes.AnniversaryStatus,
    raises=RULES,
)
async def end_anniversary_rule(ask: Ask, rule_id: str, body: EmptyBody) -> EndRule:
    """End a rule for good."""
    await ask.house.engine.freshen(rule_id)
    return EndRule(rule_id, by=_owner(ask))


def celebrated(party: Party) -> tuple[Celebrated, ...]:
    """Return recipients with their dates, as they came into the vault."""
    return tuple(
        Celebrated(token, "lunar" if person.calendar == "lunar" else "solar", *map(int, person.anniversary.split("-")))
        for token, person in zip(party.tokens, party.people or (), strict=False)
    )


def _owner(ask: Ask) -> str | None:
    """Return whose rule it has to be; internal services act for all."""
    return EVERYONE if ask.caller.account_id is None else ask.caller.member_id


def _refuse_foreign(ask: Ask, member_id: str | None) -> None:
    if _owner(ask) not in (EVERYONE, member_id):
        raise RuleNotFound("there is no anniversary rule with this id")


async def _named(ask: Ask, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put people into the place of their tokens: in clear for their owner, masked for others; erased ones as masked."""
    tokens = [item["token"] for item in items]
    people = ask.house.vault.people
    shown = await people.masked(tokens) if tokens else {}
    reading = reading_of(ask, "list the recipients of an anniversary rule")
    if reading is not None and tokens:
        shown |= await people.get(tokens, reading)
    return [
        {
            "number": item["number"],
            "phone": person.phone,
            "name": person.name,
            "company": person.company,
            "title": person.title,
            "calendar": item["calendar"],
            "month": item["month"],
            "day": item["day"],
            "first_year": item["first_year"],
        }
        for item in items
        for person in [shown[item["token"]]]
    ]
