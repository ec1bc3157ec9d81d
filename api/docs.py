"""The documentation page: made from the OpenAPI document on the server, so it needs no script and no network."""

from __future__ import annotations

from html import escape
from typing import Any

import orjson

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid #ccc;text-transform:capitalize}
details{border:1px solid #ddd;border-radius:4px;margin:.5rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code{font-size:.9em}.method{font-weight:bold;display:inline-block;min-width:4rem}
pre{background:#f6f6f6;padding:.8rem;overflow-x:auto}table{border-collapse:collapse}
td,th{border:1px solid #ddd;padding:.2rem .6rem;text-align:left;vertical-align:top}
"""


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
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    for tag, operations in by_tag.items():
        parts += [f"<h2>{escape(tag)}</h2>", *operations]
    parts += ["<h2>refusals</h2><table><tr><th>code<th>status<th>meaning"]
    for refusal in document["x-refusals"]:
        code = escape(refusal["code"])
        parts.append(f'<tr id="{code}"><td><code>{code}</code><td>{refusal["status"]}<td>{escape(refusal["meaning"])}')
    parts.append("</table></html>")
    return "\n".join(parts).encode()


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    needs = operation.get("security") or []
    scope = ", ".join(name for one in needs for name in one.get("apiKey", [])) or "no key needed"
    parts = [
        f'<details id="{escape(operation["operationId"])}"><summary><span class=method>{method.upper()}</span>',
        f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>",
        f"<p>{escape(operation.get('description', ''))}</p><p>Needs: <code>{escape(scope)}</code></p>",
    ]
    fields = operation.get("parameters", [])
    if fields:
        rows = "".join(
            f"<tr><td><code>{escape(_resolved_name(field))}</code><td>{escape(field.get('in', 'header'))}"
            for field in fields
        )
        parts.append(f"<table><tr><th>parameter<th>in{rows}</table>")
    request = operation.get("requestBody")
    if request:
        parts.append(f"<p>Body:</p><pre>{_json(request['content']['application/json']['example'])}</pre>")
    for status, response in operation["responses"].items():
        example = response.get("content", {}).get("application/json", {}).get("example")
        if example is not None and status < "300":
            parts.append(f"<p>Answer {escape(status)}:</p><pre>{_json(example)}</pre>")
    refused = sorted(status for status in operation["responses"] if status >= "400")
    parts.append(f"<p>Refusals: {escape(', '.join(refused))}</p></details>")
    return "".join(parts)


def _resolved_name(field: dict[str, Any]) -> str:
    name = field.get("name") or field["$ref"].rpartition("/")[2]
    return str(name)


def _json(value: Any) -> str:
    return escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), quote=False)
