"""Fixtures: a served clinic with records, one without, and pages of a Chromium that must not complain."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from clinic import create_app
from clinic.core.db import db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from clinic.operations.setup import upgrade_database
from tests.browser.desk_actions import sign_in
from tests.browser.failing_service import Watch
from tests.browser.records import ADMINISTRATOR, Records, an_empty_clinic, fill
from tests.browser.server import serve

PATIENCE = 10_000
"""Milliseconds after which a test gives up on its page."""

Browse = Callable[..., Page]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Door:
    """Where a clinic is served, and what a browser keeps in which its administrator has signed in there."""

    origin: str
    signed_in: StorageState


@dataclass(frozen=True)
class Site:
    """A served clinic, and where its database is."""

    door: Door
    records: Records
    database: Path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; skips, or fails where it is required, if there is none."""
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("CLINIC_REQUIRE_BROWSER") == "1":
            pytest.fail("there is no chromium, and CLINIC_REQUIRE_BROWSER=1 asks for it")
        pytest.skip("there is no chromium: install it to test the pages in a browser")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The clinic that most tests look at."""
    folder = tmp_path_factory.mktemp("site")
    url, records = _prepare(folder, fill)
    with serve(url, folder) as origin:
        yield Site(Door(origin, _signed_in(chromium, origin)), records, folder / "clinic.db")


@pytest.fixture(scope="session")
def new_site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A clinic in which nothing has happened yet."""
    folder = tmp_path_factory.mktemp("new-site")
    url, _clinic = _prepare(folder, an_empty_clinic)
    with serve(url, folder) as origin:
        yield Door(origin, _signed_in(chromium, origin))


@pytest.fixture
def records(site: Site) -> Records:
    """The records of the clinic that most tests look at."""
    return site.records


@pytest.fixture
def browse(chromium: Browser, site: Site) -> Iterator[Browse]:
    """Open an empty page as a browser of its own, in which an administrator has signed in unless told otherwise.

    The test fails if one of them complained.
    """
    opened: list[Watch] = []

    def open_page(door: Door = site.door, **options: Any) -> Page:
        usual = {"base_url": door.origin, "storage_state": door.signed_in, "viewport": {"width": 1440, "height": 900}}
        context = chromium.new_context(**usual | options)
        context.set_default_timeout(PATIENCE)
        opened.append(Watch(context.new_page(), door.origin))
        return opened[-1].page

    yield open_page
    for watch in opened:
        watch.page.context.close()
    assert not [complaint for watch in opened for complaint in watch.complaints]


@pytest.fixture
def page(browse: Browse) -> Page:
    """A page on a desk's screen."""
    return browse()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def either_page(request: pytest.FixtureRequest, browse: Browse) -> Page:
    """A page with JavaScript, then one without: everything can be done on both."""
    return browse(java_script_enabled=request.param)


def _signed_in(chromium: Browser, origin: str) -> StorageState:
    """Sign in through the page; return what the browser keeps of it."""
    context = chromium.new_context(base_url=origin)
    sign_in(context.new_page(), ADMINISTRATOR)
    kept = context.storage_state()
    context.close()
    return kept


def _prepare(folder: Path, make: Callable[[], Made]) -> tuple[str, Made]:
    """Make a database with something in it; return its URL, and what was made."""
    url = f"sqlite:///{folder / 'clinic.db'}"
    app = create_app({"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder})
    event_bus.clear()
    subscribe_handlers(app)
    with app.app_context():
        upgrade_database()
        made = make()
        db.engine.dispose()
    event_bus.clear()
    return url, made
