"""A headless Chromium the size of a phone, driven over WebDriver; scripts of pages are switched off in it."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import socket
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name under which WebDriver hands over elements."""

WIDTH, HEIGHT = 390, 844
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    # It would look for updates and for its maker's servers, and wait where there is no network.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SWITCH = "BROWSER_TESTS"
"""Set to `required` where a missing browser is a failure: nothing is left out in CI."""


def missing() -> str | None:
    """Return why there is no browser to test with; None when there is one."""
    found = shutil.which("chromedriver") and (shutil.which("chromium") or shutil.which("google-chrome"))
    return None if found else "chromium and chromedriver are not installed (apt-get install chromium chromium-driver)"


def is_needed() -> bool:
    """Say whether a missing browser is a failure."""
    return os.environ.get(SWITCH) == "required"


class Browser:
    """One window.

    Args:
        client: to the driver, with the session's address as its base.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def open(self, address: str) -> None:
        """Go to an address, and wait until a page is there."""
        await self._post("/url", {"url": address})
        await self.until("main")

    async def type(self, css: str, text: str) -> None:
        """Type into a field."""
        await self._post(f"/element/{await self._find(css)}/value", {"text": text})

    async def click(self, css: str) -> None:
        """Click something; what comes of it has to be waited for."""
        await self._post(f"/element/{await self._find(css)}/click", {})

    async def count(self, css: str) -> int:
        """Return how many elements match."""
        return len(await self._post("/elements", {"using": "css selector", "value": css}))

    async def text(self, css: str = "body") -> str:
        """Return what a reader reads in an element; a page that gives way to the next one meanwhile is read again."""
        while True:
            try:
                return str(await self._get(f"/element/{await self._find(css)}/text"))
            except RuntimeError as error:
                if not str(error).startswith("stale element"):
                    raise

    async def address(self) -> str:
        """Return where the window is."""
        return str(await self._get("/url"))

    async def ask(self, script: str) -> Any:
        """Return what an expression about the page comes to: the driver may look, the page itself runs nothing."""
        return await self._post("/execute/sync", {"script": f"return {script}", "args": []})

    async def complaints(self) -> list[str]:
        """Return what the browser complained of: blocked styles, missing files, mistakes."""
        logged = await self._post("/se/log", {"type": "browser"})
        return [entry["message"] for entry in logged if entry["level"] in ("SEVERE", "WARNING")]

    async def until(self, css: str, within_s: float = 60.0) -> None:
        """Wait until something is there."""
        ends = time.monotonic() + within_s
        while not await self.count(css):
            assert time.monotonic() < ends, f"{css} did not come: {await self.text()}"
            await asyncio.sleep(0.05)

    async def until_read(self, words: str, within_s: float = 60.0) -> None:
        """Wait until the page says something."""
        ends = time.monotonic() + within_s
        while words not in await self.text("main"):
            assert time.monotonic() < ends, f"{words} was not said: {await self.text()}"
            await asyncio.sleep(0.05)

    async def resize(self, height: int = HEIGHT, width: int = WIDTH) -> None:
        """Make the window a phone's, or as wide as told. (Told to the driver itself, touches of a page without scripts
        never end.)
        """
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": width <= WIDTH}
        await self._post("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    async def picture(self, width: int = WIDTH) -> bytes:
        """Return a picture of the whole page."""
        await self.resize(await self.ask("Math.max(document.documentElement.scrollHeight, 400)"), width)
        return base64.b64decode(await self._get("/screenshot"))

    async def _find(self, css: str) -> str:
        found = await self._post("/element", {"using": "css selector", "value": css})
        return str(found[ELEMENT])

    async def _get(self, path: str) -> Any:
        return _value(await self._client.get(path))

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        return _value(await self._client.post(path, json=body))


@asynccontextmanager
async def browsing(folder: Path, languages: str = "ko") -> AsyncIterator[Browser]:
    """Open a window whose reader prefers these languages."""
    port = _free_port()
    driver = await asyncio.create_subprocess_exec(
        "chromedriver", f"--port={port}", stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            await _ready(client)
            session = await _begin(client, folder, languages)
            client.base_url = httpx.URL(f"http://127.0.0.1:{port}/session/{session}")
            browser = Browser(client)
            await browser.resize()
            try:
                yield browser
            finally:
                await client.delete(f"http://127.0.0.1:{port}/session/{session}")
    finally:
        # Its browsers are in its group: none stays behind, whatever became of the session.
        os.killpg(driver.pid, signal.SIGKILL)
        await driver.wait()


async def _ready(client: httpx.AsyncClient) -> None:
    for _ in range(200):
        with suppress(httpx.TransportError):
            if _value(await client.get("/status"))["ready"]:
                return
        await asyncio.sleep(0.1)
    raise RuntimeError("chromedriver did not start")


async def _begin(client: httpx.AsyncClient, folder: Path, languages: str) -> str:
    options: dict[str, Any] = {
        "args": [*ARGUMENTS, f"--user-data-dir={folder / 'profile'}", f"--window-size={WIDTH},{HEIGHT}"],
        "prefs": {
            "profile.managed_default_content_settings.javascript": 2,
            "intl.accept_languages": languages,
        },
    }
    asked = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    made = _value(await client.post("/session", json={"capabilities": {"alwaysMatch": asked}}))
    return str(made["sessionId"])


def _value(response: httpx.Response) -> Any:
    value = response.json()["value"]
    if response.status_code != 200:
        raise RuntimeError(f"{value['error']}: {value['message'].splitlines()[0]}")
    return value


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
