"""A web server over a home with something of everything, and who looks at it with a browser."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from filled import PASSWORD, Filled, user_of
from playwright.sync_api import Browser, BrowserContext, Page, Response
from waitress import wasyncore
from waitress.server import create_server

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
PATIENCE = 15_000  # milliseconds; beside other tests a page takes its time
COUNTING = """
  window.underWay = 0;
  const asked = window.fetch;
  window.fetch = async (...all) => {
    window.underWay += 1;
    try { return await asked(...all); } finally { setTimeout(() => { window.underWay -= 1; }, 20); }
  };
"""
DRAWN = "() => window.underWay === 0 && !document.querySelector('#grid:not(:has(.grid-row))')"
NO_FAULT = "net::ERR_ABORTED"
"""What is asked for by a page that one leaves is not waited for."""


@dataclass
class Site:
    """What people walk through.

    Arguments:
        home: what is behind it.
        url: where it answers.
        browser: who looks at it.
        logins: what a browser keeps of each role's login, so that not every test has to log in.
        contexts: those of the test that runs.
        faults: what went wrong in the pages of the test that runs.
        expected: statuses that the test wants to see.
    """

    home: Filled
    url: str
    browser: Browser
    logins: dict[str, Any] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def anonymous(self, **options: Any) -> Page:
        """Return a page of somebody who has not logged in."""
        context = self.browser.new_context(base_url=self.url, **{"viewport": WIDE, **options})
        context.set_default_timeout(PATIENCE)
        context.add_init_script(COUNTING)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda each: each.type in {"error", "warning"} and self.note(page, each.text))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "requestfailed",
            lambda each: each.failure != NO_FAULT and self.faults.append(f"{each.url}: {each.failure}"),
        )
        page.on("response", self._look)
        return page

    def page(self, role: str, **options: Any) -> Page:
        """Return a page of somebody who has logged in."""
        if role not in self.logins:
            page = self.anonymous()
            log_in(page, user_of(role))
            page.wait_for_url(f"{self.url}/")
            self.logins[role] = page.context.storage_state()
            page.context.close()
        return self.anonymous(storage_state=self.logins[role], **options)

    def note(self, page: Page, text: str) -> None:
        """Keep what a page complains about; that an answer was no success is known from the answer itself."""
        if "Failed to load resource: the server responded with a status" not in text:
            self.faults.append(f"{page.url}: {text}")

    def _look(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.faults.append(f"{response.request.method} {response.url}: {response.status}")


def open_page(page: Page, address: str) -> None:
    """Open a page and wait until its scripts have drawn what they ask for first."""
    page.goto(address)
    page.wait_for_function(DRAWN)


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the form for names and passwords; opens it where another page is shown."""
    if "/login/" not in page.url:
        page.goto("/login/")
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Log in").click()


@contextmanager
def answering(home: Filled) -> Iterator[str]:
    """Answer at a port until the block ends; yields the URL."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    sockets: dict[int, object] = {}
    served = create_server(home.app, map=sockets, host="127.0.0.1", port=0, threads=4)
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.05, use_poll=True, map=sockets, count=1)

    thread = threading.Thread(target=turn)
    thread.start()
    yield f"http://127.0.0.1:{served.effective_port}"
    stop.set()
    thread.join()
    served.task_dispatcher.shutdown()
    wasyncore.close_all(sockets)
