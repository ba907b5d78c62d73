"""Fixtures: a served clinic with records, and pages of a Chromium that must not complain."""

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, sync_playwright

from clinic import create_app
from clinic.core.db import db
from clinic.core.events import event_bus
from clinic.core.modules import subscribe_handlers
from tests.browser.desk_actions import close_tab, sign_in
from tests.browser.failing_service import Watch
from tests.browser.patient_links import PatientLinks, fill_links
from tests.browser.records import ADMINISTRATOR, Records, fill
from tests.browser.server import serve
from tests.browser.visual_checks import keep_axe
from tests.databases import make_tables
from tests.shared_folders import shared_folder

BROWSERS = ("chromium-headless-shell", "chromium")
"""Commands of a Chromium; the first, which has no windows, takes half of the processor time."""

PATIENCE = 10_000
"""Milliseconds after which a test gives up on its page."""

STORAGES = "local_storage,indexeddb,cache_storage,service_workers"
"""What a page can leave in a browser beside cookies, as Chromium's protocol names it."""

DESK: ViewportSize = {"width": 1440, "height": 900}

Browse = Callable[..., Page]
OpenTab = Callable[..., Page]
KeptBrowsers = Callable[[bool], BrowserContext]
KeptPages = Callable[[str | None], Watch]
LookAs = Callable[[str | None], Page]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Site:
    """A served clinic, what a browser keeps in which its administrator has signed in, and where its database is."""

    origin: str
    signed_in: StorageState
    records: Records
    database: Path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; skips, or fails where it is required, if there is none."""
    path = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        if os.environ.get("CLINIC_REQUIRE_BROWSER") == "1":
            pytest.fail("there is no chromium, and CLINIC_REQUIRE_BROWSER=1 asks for it")
        pytest.skip("there is no chromium: install it to test the pages in a browser")
    arguments = ["--no-sandbox", "--disable-gpu", "--in-process-gpu", "--disable-background-networking"]
    arguments.append("--renderer-process-limit=1")  # for all pages of a context, which share their compiled scripts
    # each page begins anew: what is optimized hardly runs again, and what is left over is collected rarely
    arguments.append("--js-flags=--no-opt,--no-maglev,--min-semi-space-size=64")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The clinic that most tests look at."""
    folder = tmp_path_factory.mktemp("site")
    url, records = _copied(shared_folder(tmp_path_factory, "filled-site"), folder, fill)
    with serve(url, folder, shared_folder(tmp_path_factory, "templates")) as origin:
        yield Site(origin, _signed_in(chromium, origin), records, folder / "clinic.db")


@dataclass(frozen=True)
class LinkSite:
    """A served clinic that strangers enter by links, the links, and the folder of its database and its mails."""

    origin: str
    links: PatientLinks
    folder: Path


@pytest.fixture(scope="module")
def link_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkSite]:
    """A clinic whose patients got messages."""
    folder = tmp_path_factory.mktemp("link-site")
    links = _prepare(folder, fill_links)
    with serve(_url(folder), folder, shared_folder(tmp_path_factory, "templates")) as origin:
        yield LinkSite(origin, links, folder)


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

    def open_page(**options: Any) -> Page:
        opened.append(_open(chromium, site, **options))
        return opened[-1].page

    yield open_page
    for watch in opened:
        watch.page.context.close()
    assert not [complaint for watch in opened for complaint in watch.complaints]


@pytest.fixture(scope="session")
def kept_pages(chromium: Browser, site: Site) -> Iterator[KeptPages]:
    """Return the page that is kept for tests in which somebody, or nobody who has signed in, only looks at pages."""
    opened: dict[str | None, Watch] = {}

    def page_of(email: str | None) -> Watch:
        if email not in opened:
            state = _signed_in(chromium, site.origin, email) if email else None
            opened[email] = _open(chromium, site, storage_state=state)
            keep_axe(opened[email].page.context)
        return opened[email]

    yield page_of
    for watch in opened.values():
        watch.page.context.close()


@pytest.fixture
def look_as(kept_pages: KeptPages) -> Iterator[LookAs]:
    """Return the page that is kept for somebody, on a desk's screen in the light; the test fails if it complained."""
    used: list[Watch] = []

    def page_of(email: str | None) -> Page:
        used.append(watch := kept_pages(email))
        watch.forget()
        watch.page.evaluate("document.documentElement.hidden = true")  # spares it to be laid out again on its way out
        watch.page.set_viewport_size(DESK)
        watch.page.emulate_media(color_scheme="light")
        return watch.page

    yield page_of
    assert not [complaint for watch in used for complaint in watch.complaints]


@pytest.fixture(scope="session")
def kept_browsers(chromium: Browser, site: Site) -> Iterator[KeptBrowsers]:
    """Return the browser that is kept with JavaScript or without; a tab that stays open keeps its scripts compiled."""
    opened: dict[bool, BrowserContext] = {}

    def browser_with(javascript: bool) -> BrowserContext:
        if javascript not in opened:
            opened[javascript] = _open(chromium, site, java_script_enabled=javascript).page.context
        return opened[javascript]

    yield browser_with
    for context in opened.values():
        context.close()


@pytest.fixture
def open_tab(kept_browsers: KeptBrowsers, site: Site) -> Iterator[OpenTab]:
    """Open an empty tab of a kept browser, in which an administrator has signed in.

    The test fails if the tab complained. Who needs a clock, permissions or a cache of their own uses `browse`.
    """
    opened: list[Watch] = []

    def open_page(*, javascript: bool = True) -> Page:
        opened.append(Watch(kept_browsers(javascript).new_page(), site.origin))
        return opened[-1].page

    yield open_page
    for context in {watch.page.context for watch in opened}:
        _tidy(context, site)
    assert not [complaint for watch in opened for complaint in watch.complaints]


@pytest.fixture
def page(open_tab: OpenTab) -> Page:
    """A page on a desk's screen."""
    return open_tab()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def either_page(request: pytest.FixtureRequest, open_tab: OpenTab) -> Page:
    """A page with JavaScript, then one without: everything can be done on both."""
    return open_tab(javascript=request.param)


def _tidy(context: BrowserContext, site: Site) -> None:
    """Close the tabs of a test, and let the browser keep again only what it had kept before it."""
    first, *others = context.pages
    for tab in others:
        close_tab(tab)
    session = context.new_cdp_session(first)
    session.send("Storage.clearDataForOrigin", {"origin": site.origin, "storageTypes": STORAGES})
    session.detach()
    context.clear_cookies()
    cookies: Any = site.signed_in["cookies"]  # another type of Playwright's, with the same keys
    context.add_cookies(cookies)


def _open(chromium: Browser, site: Site, **options: Any) -> Watch:
    """Open and watch an empty page as a browser of its own."""
    usual = {"base_url": site.origin, "storage_state": site.signed_in, "viewport": DESK}
    context = chromium.new_context(**usual | options)
    context.set_default_timeout(PATIENCE)
    return Watch(context.new_page(), site.origin)


def _signed_in(chromium: Browser, origin: str, email: str = ADMINISTRATOR) -> StorageState:
    """Sign in through the page; return what the browser keeps of it."""
    context = chromium.new_context(base_url=origin)
    sign_in(context.new_page(), email)
    kept = context.storage_state()
    context.close()
    return kept


def _copied(shared: Path, folder: Path, make: Callable[[], Made]) -> tuple[str, Made]:
    """Copy to a folder the database that the first process of the run has made; return its URL, and what was made."""
    original, kept = shared / "instance", shared / "made"
    with (shared / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not kept.exists():
            original.mkdir()
            kept.write_bytes(pickle.dumps(_prepare(original, make)))
    shutil.copytree(original, folder, dirs_exist_ok=True)
    return _url(folder), pickle.loads(kept.read_bytes())


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'clinic.db'}"


def _prepare(folder: Path, make: Callable[[], Made]) -> Made:
    """Make a database with something in it; return what was made.

    Its ids are of now, as those of the server will be, also after tests of this process that were in later years.
    """
    url = _url(folder)
    app = create_app({"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": folder})
    event_bus.clear()
    subscribe_handlers(app)
    with app.app_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("clinic.core.ids._last", 0)
        make_tables()
        made = make()
        db.engine.dispose()
    event_bus.clear()
    return made
