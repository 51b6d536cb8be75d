"""What people do all day, in a real browser: log in, look, trigger, find out why something failed, and run it again."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from browser.site import NARROW, Site, log_in, open_page
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.long_module
PAUSE = 2_000  # milliseconds between two looks of a page at what goes on; here its clock is put forward
KEPT = "() => { window.stillHere = true; }"


def cells(page: Page, task: str) -> list[str | None]:
    """Return the states of a line of the grid, run after run."""
    line = page.locator(f'#grid .grid-row:has([title="{task}"])')
    return [each.get_attribute("data-state") for each in line.locator("i[data-row]").all()]


def test_a_wrong_password_is_refused_and_the_right_one_leads_to_where_one_wanted_to_go(site: Site) -> None:
    page = site.anonymous()
    page.goto("/dags/grouped/details")
    assert urlsplit(page.url).path == "/login/"
    log_in(page, "viewer", "not the password")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.get_by_text(re.compile("invalid|wrong|refused", re.IGNORECASE))).to_be_visible()
    log_in(page, "viewer")
    page.wait_for_url("**/dags/grouped/details")
    expect(page.get_by_role("heading", level=1)).to_have_text("grouped")
    page.get_by_text("viewer", exact=True).click()
    page.get_by_role("link", name="Log out").click()
    page.goto("/dags")
    assert urlsplit(page.url).path == "/login/"


def test_the_list_is_filtered_and_a_dag_switched_off_and_on(site: Site) -> None:
    page = site.page("User")
    page.goto("/dags")
    expect(page.get_by_role("link", name="mapped")).to_be_visible()
    page.get_by_label("Part of the id").fill("group")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name="grouped")).to_be_visible()
    expect(page.get_by_role("link", name="mapped")).to_have_count(0)
    switch = page.get_by_role("switch", name="Schedule grouped")
    for is_on in (False, True):
        with page.expect_response("**/api/v1/dags/grouped") as answered:
            switch.click()
        assert answered.value.json()["is_paused"] is not is_on
        page.reload()
        expect(switch).to_be_checked(checked=is_on)


def test_a_viewer_has_no_switch_and_no_form(site: Site) -> None:
    page = site.page("Viewer")
    page.goto("/dags/grouped")
    expect(page.get_by_role("switch")).to_be_disabled()
    expect(page.get_by_role("link", name="Trigger")).to_have_count(0)
    site.expected.add(403)
    answer = page.goto("/dags/grouped/trigger")
    assert answer is not None
    assert answer.status == 403


def test_a_run_is_triggered_by_the_form_and_seen_live(site: Site) -> None:
    page, grid = site.page("User"), site.page("User")
    grid.clock.install()
    open_page(grid, "/dags/grouped")
    before = grid.locator("#grid .run").count()
    grid.evaluate(KEPT)
    page.goto("/dags/grouped")
    page.get_by_role("link", name="Trigger").click()
    rows = page.get_by_label("rows")
    rows.fill("0")
    page.get_by_role("button", name="Trigger").click()
    assert rows.evaluate("field => field.validity.rangeUnderflow"), "the browser holds it back"
    rows.fill("12")
    page.get_by_label("Run id").fill("by-hand")
    with page.expect_request("**/api/v1/dags/grouped/dagRuns") as asked:
        page.get_by_role("button", name="Trigger").click()
    assert asked.value.post_data_json["conf"] == {"rows": 12, "region": "north"}
    page.wait_for_url("**/dags/grouped")
    grid.clock.run_for(PAUSE)
    expect(grid.locator("#grid .run")).to_have_count(before + 1)
    cell = grid.locator('#grid .grid-row:has([title="before"]) i[data-row]').last
    (ticket,) = site.home.stage.start("by-hand", "before")
    grid.clock.run_for(PAUSE)
    expect(cell).to_have_attribute("data-state", "running")
    site.home.stage.end(ticket)
    grid.clock.run_for(PAUSE)
    expect(cell).to_have_attribute("data-state", "success")
    assert grid.evaluate("window.stillHere"), "the page was not loaded anew"


def test_the_server_tells_beside_a_field_what_is_wrong_with_it(site: Site) -> None:
    site.expected.update({400, 409, 422})
    page = site.page("User")
    page.goto("/dags/grouped/trigger")
    page.get_by_label("rows").evaluate("field => { field.removeAttribute('min'); field.value = '-1'; }")
    page.get_by_role("button", name="Trigger").click()
    expect(page.locator("#said .error")).to_contain_text("rows")
    expect(page.get_by_role("button", name="Trigger")).to_be_enabled()


def test_a_failure_is_found_understood_and_run_again(site: Site) -> None:
    stage = site.home.stage
    run_id = stage.begin("chain")
    for number in range(3):
        (ticket,) = stage.start(run_id)
        stage.log(ticket, f"INFO one\nERROR try {number}\n<b>bold</b>\nValueError: no rows\n".encode())
        stage.end(ticket, "failed", cause="ValueError: no rows")
        stage.release()
    page = site.page("Op")
    page.goto("/")
    line = page.locator("li", has_text="ValueError: no rows")
    line.get_by_role("link", name="first").click()
    expect(page.get_by_text("Why it failed: ValueError: no rows")).to_be_visible()
    log = page.locator("#log")
    expect(log).to_contain_text("ERROR try 2")
    expect(log.locator("b")).to_have_count(0)
    page.get_by_label("Find in the log").fill("no rows")
    expect(page.locator("#log-said")).to_have_text("1 lines")
    page.get_by_role("button", name="To the first error").click()
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Run again").click()
    with page.expect_event("load"):
        page.get_by_role("dialog").get_by_role("button", name=re.compile("Go on|Run again")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("first")
    expect(page.get_by_text("Why it failed:")).to_have_count(0)
    expect(page.locator('[data-live="facts"] .state')).not_to_contain_text("failed")


def test_the_grid_is_walked_by_keys_and_opens_what_one_is_at(site: Site) -> None:
    page = site.page("Viewer")
    page.goto("/dags/grouped")
    expect(page.locator("#grid .grid-row").first).to_be_visible()
    grid = page.locator("#grid")
    grid.focus()
    labels = [each.get_attribute("title") for each in page.locator("#grid .grid-row .grid-label").all()]
    grid.press("ArrowDown")
    expect(page.locator("#cell")).to_contain_text(f"{labels[1]} in ")
    grid.press("ArrowUp")
    grid.press("ArrowUp")
    expect(page.locator("#cell")).to_contain_text(f"{labels[0]} in ")
    for _ in range(labels.index("before")):
        grid.press("ArrowDown")
    expect(page.locator("#cell")).to_contain_text("before in run")
    grid.press("Enter")
    page.wait_for_url("**/dags/grouped/tasks/before/of/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("before")


def test_groups_are_folded_one_by_one_and_all_at_once(site: Site) -> None:
    page = site.page("Viewer")
    page.goto("/dags/grouped")
    lines = page.locator("#grid .grid-row")
    expect(lines.first).to_be_visible()
    everything = lines.count()
    outer = page.get_by_role("rowheader", name=re.compile("outer"))
    outer.click()
    expect(outer).to_have_attribute("aria-expanded", "false")
    expect(lines).to_have_count(3)
    assert all(cells(page, "outer")), "a folded group has a state"
    outer.focus()
    page.keyboard.press("Enter")
    expect(lines).to_have_count(everything)
    page.get_by_role("button", name="Fold all", exact=True).click()
    expect(lines).to_have_count(3)
    page.get_by_role("button", name="Unfold all").click()
    expect(lines).to_have_count(everything)


def test_theme_and_time_zone_are_remembered(site: Site) -> None:
    page = site.page("Viewer", color_scheme="light")
    page.goto("/dags")
    page.get_by_role("button", name="Light or dark").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.goto("/dags/grouped/details")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    expect(page.locator("time").first).to_have_attribute("title", re.compile("Asia/Tokyo"))
    expect(page.locator('time[datetime^="2026-01-01T00:00"]').first).to_have_text("2026-01-01 09:00:00")


def test_a_dag_is_found_from_anywhere(site: Site) -> None:
    page = site.page("Viewer")
    page.goto("/")
    page.keyboard.press("Control+k")
    page.get_by_label("Find a DAG").fill("grou")
    expect(page.get_by_role("dialog").get_by_role("link")).to_have_text(["grouped"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/dags/grouped")


def test_the_menu_opens_where_there_is_no_room_for_it(site: Site) -> None:
    page = site.page("Admin", viewport=NARROW)
    page.goto("/")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="DAGs", exact=True)
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    link.click()
    page.wait_for_url("**/dags")


def test_a_page_asks_every_two_seconds_and_not_while_nobody_looks(site: Site) -> None:
    page = site.page("Viewer")
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url) if "part=" in each.url or "grid.json" in each.url else None)
    for address in ("/dags", "/dags/grouped"):
        page.clock.install()
        open_page(page, address)
        asked.clear()
        for _ in range(3):
            with page.expect_response(re.compile("part=|grid.json")):
                page.clock.run_for(PAUSE)
        assert len(asked) == 3
        page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
        page.clock.run_for(60_000)
        assert len(asked) == 3


@pytest.mark.parametrize("address", ["/dags", "/dags/grouped"])
def test_a_page_whose_session_has_ended_leads_to_the_login(site: Site, address: str) -> None:
    site.expected.add(401)
    page = site.anonymous()
    log_in(page, "viewer")
    page.wait_for_url(f"{site.url}/")
    page.clock.install()
    open_page(page, address)
    page.context.new_page().goto("/logout/")
    page.clock.run_for(PAUSE)
    page.wait_for_url("**/login/**")
    log_in(page, "viewer")
    page.wait_for_url(f"{site.url}{address}")
