"""Links in messages in a real browser: programs that open them change nothing, and the pages suit any phone."""

import re
import sqlite3
from contextlib import closing
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.desk_actions import click_through
from tests.browser.visual_checks import axe_violations, looks_wrong

pytestmark = pytest.mark.browser

UNCOUNTED = {"throttles"}
"""Rate limits, which count every opening."""

WIDTHS = (1440, 390, 320)


def contents(folder):
    """Return all rows of the database but those of rate limits."""
    with closing(sqlite3.connect(folder / "clinic.db")) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: set(database.execute(f'SELECT * FROM "{name}"')) for name in names if name not in UNCOUNTED}


def paths_in_mails(folder):
    """Return the path of every link of this clinic in every mail, in its header fields, texts and pages."""
    found = set()
    for file in (folder / "outbox").glob("*.eml"):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        texts = [str(value) for value in mail.values()]
        texts += [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        found |= {
            urlsplit(url).path for text in texts for url in re.findall(r"https?://[^\s<>\"]+/my/[^\s<>\"]+", text)
        }
    return found


@pytest.fixture
def stranger(chromium, link_site, request):
    """A page of somebody who has only a link; on a phone."""
    options = getattr(request, "param", {})
    context = chromium.new_context(base_url=link_site.origin, **{"viewport": {"width": 390, "height": 844}} | options)
    yield context.new_page()
    context.close()


def open_page(page, path, wait_until="load"):
    """Open a page and return its status; a file is downloaded instead."""
    if path.endswith(".ics"):
        return page.request.get(path).status
    return page.goto(path, wait_until=wait_until).status


def test_a_scanner_that_opens_every_link_and_runs_scripts_changes_no_row(link_site, stranger):
    paths = sorted({*link_site.links.paths, *paths_in_mails(link_site.folder)})
    followed = [f"{links['answer']}/time" for links in link_site.links.visits.values()]
    before = contents(link_site.folder)

    for path in [*paths, *followed]:
        assert stranger.request.head(path).status < 500
        assert open_page(stranger, path, "networkidle") in {200, 410}

    assert len(paths) >= 4 * len(link_site.links.visits) - 1
    assert contents(link_site.folder) == before


def problems(page):
    """Return what is wrong with a page, at each width."""
    return [*(problem for width in WIDTHS for problem in looks_wrong(page, width)), *axe_violations(page)]


@pytest.mark.parametrize("stranger", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_pages_are_accessible_and_fit_any_width(link_site, stranger):
    visits = link_site.links.visits
    paths = [visits[name]["answer"] for name in ("de", "cancelled", "moved", "child", "late")]

    for path in [*paths, f"{visits['de']['answer']}/time", visits["pt"]["preferences"], "/my/visit/unknown"]:
        open_page(stranger, path)
        assert problems(stranger) == [], path


def test_pages_after_an_answer_are_accessible_and_fit_any_width(link_site, stranger):
    links = link_site.links.visits["pt"]
    open_page(stranger, f"{links['answer']}?lang=en")
    for button in ("Yes, I will come", "I can’t come after all", "Take the time back"):
        click_through(stranger.get_by_role("button", name=button))
        assert problems(stranger) == [], button

    stranger.get_by_role("link", name="Another time").click()
    for year in ("1990", "1991"):
        enter_birth_date(stranger, year)
        assert problems(stranger) == [], year


def enter_birth_date(page, year):
    """Enter a date of birth, and send it."""
    for label, part in (("Day", "21"), ("Month", "6"), ("Year", year)):
        page.get_by_label(label).fill(part)
    click_through(page.get_by_role("button", name="Show free times"))


def test_pages_have_one_heading_no_script_and_fetch_nothing_from_elsewhere(link_site, stranger):
    asked = []
    stranger.on("request", lambda request: asked.append(request.url))

    for links in link_site.links.visits.values():
        open_page(stranger, links["answer"], "networkidle")
        assert stranger.locator("h1").count() == 1
        assert stranger.locator("script").count() == 0

    assert {urlsplit(url).netloc for url in asked} == {urlsplit(link_site.origin).netloc}
    assert stranger.context.cookies() == []


def test_buttons_are_at_least_48_pixels_high(link_site, stranger):
    for links in link_site.links.visits.values():
        for path in (links["answer"], links["preferences"]):
            open_page(stranger, path)
            boxes = [one.bounding_box() for one in stranger.locator("button, .button, .choices label").all()]
            assert all(box["height"] >= 48 for box in boxes)


@pytest.mark.parametrize("stranger", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_a_patient_confirms_moves_cancels_and_stops_messages(link_site, stranger):
    links = link_site.links.visits["en"]
    stranger.goto(links["answer"])
    stranger.get_by_role("button", name="Yes, I will come").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Thank you, we expect you")

    stranger.get_by_role("link", name="Another time").click()
    enter_birth_date(stranger, "1991")
    stranger.get_by_role("radio").first.check()
    stranger.get_by_role("button", name="Move my appointment").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Your appointment is moved")

    stranger.get_by_role("link", name="Stop these messages").click()
    stranger.get_by_label("Reminders before a visit").check()
    stranger.get_by_role("button", name="Stop these messages").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You get no more reminders")
