"""Every page as it is drawn: nothing goes wrong in it, it fits a phone, and axe finds nothing that keeps people out."""

from __future__ import annotations

import pytest
from browser.site import NARROW, WIDE, Site, log_in, open_page
from playwright.sync_api import Page, expect
from tradewind.access.actors import Actor
from tradewind.access.authorization import DeniedError, authorize
from tradewind.access.roles import BUILT_IN
from tradewind.web.pages import PAGES
from tradewind.web.pages.page import Page as Shown
from tradewind.web.pages.words import STATE_SIGNS

pytestmark = pytest.mark.long_module
TAGS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}
RUN = """only => axe.run(document, {runOnly: only, resultTypes: ["violations"], iframes: false}).then((found) =>
  found.violations.filter((each) => ["serious", "critical"].includes(each.impact)).map((each) =>
    `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" ")}`))"""
SAMPLES = """([states, kinds]) => {
  const main = document.getElementById("main");
  const card = document.createElement("div");
  card.className = "card";
  main.append(card);
  for (const ground of [main, card]) {
    const add = (tag, kind) => ground.append(Object.assign(document.createElement(tag), { className: kind, textContent: "Words" }));
    for (const state of states) add("span", `state ${state}`);
    for (const kind of kinds) add("p", kind);
    for (const kind of ["", "main", "danger", "quiet"]) add("button", kind);
  }
}"""
SIDEWAYS = """() => {
  const [wide, room] = [document.documentElement.scrollWidth, window.innerWidth];
  if (wide <= room) return [];
  const held = (each) => each !== document.body && (getComputedStyle(each).overflowX !== "visible" || held(each.parentElement));
  const over = [...document.body.querySelectorAll("*")].filter(
    (each) => each.getBoundingClientRect().right > room + 1 && !held(each.parentElement));
  return [`${wide} pixels wide, and not ${room}: ${over.slice(0, 8).map((each) => each.outerHTML.slice(0, 80)).join(" ")}`];
}"""


def may_see(role: str, shown: Shown, dag_id: str | None) -> bool:
    """Tell whether who has a role may see a page."""
    try:
        authorize(Actor(role, 0, BUILT_IN[role]), shown.show.operation, dag_id)
    except DeniedError:
        return False
    return True


def look(page: Page, axe: str) -> list[str]:
    """Return what is wrong with a page, in light, in the dark and on a phone."""
    page.evaluate(axe)
    found = [f"light: {each}" for each in page.evaluate(RUN, TAGS)]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {each}" for each in page.evaluate(RUN, COLOURS)]
    page.set_viewport_size(NARROW)
    found += [f"on a phone: {each}" for each in page.evaluate(SIDEWAYS)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    return found


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.path)
def test_a_page_works_fits_a_phone_and_keeps_nobody_out(site: Site, axe: str, shown: Shown) -> None:
    page = site.page("Admin", color_scheme="light", reduced_motion="reduce")
    address, _ = next(site.home.addresses(shown))  # of the DAG whose names are the longest
    open_page(page, address)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    found = look(page, axe)
    assert not found, "\n".join(found)


def test_pages_ask_for_nothing_that_a_viewer_may_not_see(site: Site) -> None:
    page = site.page("Viewer")
    for shown in PAGES:
        address, dag_id = next(site.home.addresses(shown))
        if may_see("Viewer", shown, dag_id):
            open_page(page, address)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_and_kind_of_text_can_be_read(site: Site, axe: str, theme: str) -> None:
    page = site.page("Viewer", color_scheme=theme, viewport=WIDE)
    open_page(page, "/dags")
    page.evaluate(SAMPLES, [[*STATE_SIGNS], ["note", "tag", "warning", "error", "notice", "field-error", "field-help"]])
    page.evaluate(axe)
    assert page.evaluate(RUN, COLOURS) == []


def test_a_dialog_keeps_nobody_out(site: Site, axe: str) -> None:
    page = site.page("Admin", reduced_motion="reduce")
    open_page(page, "/dags")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("dialog").get_by_role("link").first).to_be_visible()
    assert look(page, axe) == []


def test_the_page_for_logging_in_keeps_nobody_out(site: Site, axe: str) -> None:
    page = site.anonymous(reduced_motion="reduce")
    log_in(page, "viewer", "not the password")
    expect(page.get_by_text("Invalid login")).to_be_visible()
    assert look(page, axe) == []


def test_axe_and_the_ruler_find_what_is_wrong(site: Site, axe: str) -> None:
    page = site.anonymous()
    wrong = "<p style='color: #ddd; background: #fff'>Faint</p><input><div style='width: 700px'>Wide</div>"
    page.set_content(f"<html lang='en'><title>Wrong</title><main><h1>Wrong</h1>{wrong}</main></html>")
    found = [each.split(": ")[:2] for each in look(page, axe)]
    assert found[:-1] == [["light", "color-contrast"], ["light", "label"], ["dark", "color-contrast"]]
    assert found[-1][0] == "on a phone"
