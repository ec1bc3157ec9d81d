"""The documentation page: made from the OpenAPI document on the server, so it needs no script and no network."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import orjson

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid #ccc;text-transform:capitalize}
details{border:1px solid #ddd;border-radius:4px;margin:.5rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code{font-size:.9em}a{color:inherit}.method{font-weight:bold;display:inline-block;min-width:4rem}
pre{background:#f6f6f6;padding:.8rem;overflow-x:auto}table{border-collapse:collapse}
table{margin:.5rem 0}
td,th{border:1px solid #ddd;padding:.2rem .6rem;text-align:left;vertical-align:top}
"""


class Description:
    """What the service says about itself, in two formats.

    Describing two hundred operations takes a second of Python. It is done once, when it is first asked for, in a thread
    of its own: what moves money goes on meanwhile.
    """

    def __init__(self, document: Callable[[], dict[str, Any]]) -> None:
        self._document = document
        self._made: asyncio.Task[tuple[bytes, bytes]] | None = None

    async def openapi(self) -> bytes:
        """Return the OpenAPI document as JSON."""
        return (await self._both())[0]

    async def page(self) -> bytes:
        """Return the page as HTML."""
        return (await self._both())[1]

    async def _both(self) -> tuple[bytes, bytes]:
        if self._made is None or (self._made.done() and self._made.exception() is not None):
            self._made = asyncio.create_task(asyncio.to_thread(self._make))
        # Whoever asked first may be answered that it takes too long; whoever asks next finds what was begun.
        return await asyncio.shield(self._made)

    def _make(self) -> tuple[bytes, bytes]:
        document = self._document()
        return orjson.dumps(document), page(document)


def page(document: dict[str, Any]) -> bytes:
    """Return the page as HTML: operations by noun, then every refusal by code."""
    info = document["info"]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['description'])}</p>",
        '<p>Machine-readable: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>',
    ]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(
                _operation(method, path, operation, document["components"])
            )
    for tag, operations in by_tag.items():
        parts += [f'<h2 id="{escape(tag.replace(" ", "-"))}">{escape(tag)}</h2>', *operations]
    parts += ["<h2 id=refusals>refusals</h2><table><tr><th>code<th>status<th>meaning"]
    for refusal in document["x-refusals"]:
        code = escape(refusal["code"])
        parts.append(f'<tr id="{code}"><td><code>{code}</code><td>{refusal["status"]}<td>{escape(refusal["meaning"])}')
    parts.append("</table></html>")
    return "\n".join(parts).encode()


def _operation(method: str, path: str, operation: dict[str, Any], components: dict[str, Any]) -> str:
    needs = operation.get("security") or []
    scope = ", ".join(name for one in needs for name in one.get("apiKey", [])) or "no key needed"
    description = operation.get("description", "")
    told = "" if description == f"{operation['summary']}." else f"<p>{escape(description)}</p>"
    parts = [
        f'<details id="{escape(operation["operationId"])}"><summary><span class=method>{method.upper()}</span>',
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>",
        f"{told}<p>Needs: <code>{escape(scope)}</code></p>",
    ]
    if fields := [_resolved(field, components) for field in operation.get("parameters", [])]:
        rows = [(one["name"], one["in"], one.get("required", False), _meant(one)) for one in fields]
        parts.append(_table(("parameter", "in", "required", ""), rows))
    if request := operation.get("requestBody"):
        body = request["content"].get("application/json")
        if body is None:
            parts.append("<p>Body: the file itself.</p>")
            body = {"schema": {}, "example": None}
        schema = _resolved(body["schema"], components)
        members = [
            (name, _kind(one), name in schema.get("required", ()), _meant(one))
            for name, one in schema.get("properties", {}).items()
        ]
        if members:
            parts.append(_table(("body", "type", "required", ""), members))
        if body["example"] is not None:
            parts.append(f"<pre>{_json(body['example'])}</pre>")
    for status, response in operation["responses"].items():
        example = response.get("content", {}).get("application/json", {}).get("example")
        if example is not None and status < "300":
            parts.append(f"<p>Answer {escape(status)}:</p><pre>{_json(example)}</pre>")
    refused = [
        f"{escape(status)} {_codes(response)}"
        for status, response in sorted(operation["responses"].items())
        if status >= "400"
    ]
    parts.append(f"<p>Refusals: {'; '.join(refused)}</p></details>")
    return "".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, str, bool, str]]) -> str:
    lines = [
        f"<tr><td><code>{escape(name)}</code><td>{escape(kind)}<td>{'yes' if required else ''}<td>{escape(meaning)}"
        for name, kind, required, meaning in rows
    ]
    return f"<table><tr><th>{'<th>'.join(head)}{''.join(lines)}</table>"


def _resolved(entry: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry is or refers to."""
    if "$ref" not in entry:
        return entry
    _, _, kind, name = entry["$ref"].split("/")
    found: dict[str, Any] = components[kind][name]
    return found


def _kind(schema: dict[str, Any]) -> str:
    """Say what a member takes: "integer or null", "prepaid or postpaid"."""
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("format") or schema.get("type", "any"))


def _meant(schema: dict[str, Any]) -> str:
    """Say what is known of a parameter or member beside its type: words and default."""
    inner = schema.get("schema", {})
    told = schema.get("description") or next(
        (one["description"] for one in (*schema.get("anyOf", ()), *inner.get("anyOf", ())) if "description" in one), ""
    )
    default = schema.get("default", inner.get("default"))
    if default is None:
        return str(told)
    return f"{told} Default: {orjson.dumps(default).decode()}.".strip()


def _codes(response: dict[str, Any]) -> str:
    """Link the codes of a response to their meanings; a shared response is named by its one code."""
    named = [response["$ref"].rpartition("/")[2]] if "$ref" in response else []
    codes = dict.fromkeys(named or re.findall(r"`([a-z_]+)`:", response["description"]))
    return ", ".join(f'<a href="#{code}"><code>{code}</code></a>' for code in codes)


def _json(value: Any) -> str:
    return escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), quote=False)
