"""Which refusals an operation can meet: of the rules that it names, those to which its code leads.

Read off the code: from the command that an operation makes, along every name that its functions use. Methods are found
by their names alone, so the list may hold a refusal too many, never one too few.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import aggregates
import ledger.commands
from aggregates.errors import LedgerError

RULES_LIE_IN = (aggregates, ledger.commands)
NEVER_REFUSE = frozenset({"apply", "mutate", "dump", "copy", "status", "figures"})
"""Methods of folds and of copies, and what only says how a thing stands; many have the same names."""


class Leads(NamedTuple):
    """Where a function leads: to refusals, and to other functions."""

    errors: frozenset[type[LedgerError]]
    functions: frozenset[FunctionType]


def rules(*modules: ModuleType) -> tuple[type[LedgerError], ...]:
    """Return the refusals that these modules of rules define, by code."""
    found = {
        error.code: error
        for module in modules
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, LedgerError) and error.__module__ == module.__name__
    }
    return tuple(found[code] for code in sorted(found))


def met(root: Callable[..., Any], named: tuple[type[LedgerError], ...]) -> tuple[type[LedgerError], ...]:
    """Return those refusals of an operation that it can end in.

    Args:
        root: makes the operation's command, or handles the operation.
        named: what the operation declares. Where it names all refusals of a module, those to which its code leads are
            left; what it names one by one stands.
    """
    reached, known = _reached(inspect.unwrap(root)), frozenset(named)
    return tuple(error for error in named if error in reached or not _is_of_whole(error, known))


def _is_of_whole(error: type[LedgerError], known: frozenset[type[LedgerError]]) -> bool:
    """Say whether an error is named because its whole module is."""
    all_of_module = rules(sys.modules[error.__module__])
    return len(all_of_module) > 1 and known.issuperset(all_of_module)


@cache
def _reached(root: Callable[..., Any]) -> frozenset[type[LedgerError]]:
    seen: set[FunctionType] = set()
    errors: set[type[LedgerError]] = set()
    todo = [root] if isinstance(root, FunctionType) else []
    while todo:
        function = todo.pop()
        if function not in seen:
            seen.add(function)
            leads = _leads(function)
            errors |= leads.errors
            todo += leads.functions
    return frozenset(errors)


@cache
def _leads(function: FunctionType) -> Leads:
    """Return what the names in a function's code stand for."""
    names: set[str] = set()
    used: list[Any] = [cell.cell_contents for cell in function.__closure__ or ()]
    for code in _codes(function.__code__):
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL":
                used.append(function.__globals__.get(step.argval))
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                names.add(step.argval)
    modules = [each for each in used if isinstance(each, ModuleType)]
    used += [vars(module)[name] for module in modules for name in names if name in vars(module)]
    errors: set[type[LedgerError]] = set()
    functions = {method for name in names - NEVER_REFUSE for method in _methods().get(name, ())}
    for each in used:
        for thing in _contents(each):
            if isinstance(thing, FunctionType):
                functions.add(inspect.unwrap(thing))
            elif isinstance(thing, type) and issubclass(thing, LedgerError):
                errors.add(thing)
            elif isinstance(thing, type) and isinstance(decide := getattr(thing, "decide", None), FunctionType):
                functions.add(decide)
    return Leads(frozenset(errors), frozenset(functions))


def _contents(used: Any) -> Iterator[Any]:
    """Yield something, or what is in it."""
    if isinstance(used, dict):
        used = tuple(used.values())
    if isinstance(used, (tuple, list, set, frozenset)):
        for each in used:
            yield from _contents(each)
    else:
        yield used


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@cache
def _methods() -> dict[str, set[FunctionType]]:
    """Return all methods and properties of the classes in which rules lie, by their names; decisions come by class."""
    found: defaultdict[str, set[FunctionType]] = defaultdict(set)
    # All of them, whatever this process has imported so far: the list is to be the same everywhere.
    for package in RULES_LIE_IN:
        for known in walk_packages(package.__path__, f"{package.__name__}."):
            for owner in vars(import_module(known.name)).values():
                if isinstance(owner, type) and owner.__module__ == known.name and not hasattr(owner, "decide"):
                    for name, member in vars(owner).items():
                        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
                        if isinstance(function, FunctionType):
                            found[name].add(inspect.unwrap(function))
    return dict(found)
