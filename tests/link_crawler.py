"""Walking through the pages that somebody is shown, link by link."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException

from clinic.web.authorization import access_to
from tests.page_client import PageClient

ALIKE = 3
"""How many pages of a kind are opened, if their query chooses at most one thing.

Of what chooses several things a page is opened if one of the names is new: the others are found alone as well.
"""

ONLY_OTHER_ROWS = {
    *("about_id", "appointment", "day", "from", "month", "part", "patient", "patient_id", "service", "sort"),
}
"""Names in a query whose value decides what a page is about, and not which ways on it shows: one page is opened."""

_TAGS = re.compile(r"""<(a|form)\b((?:[^>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTES = re.compile(r'\s(href|action|method)="([^"]*)"')


@dataclass
class Shown:
    """The ways on that a page shows: addresses to look at, and addresses to which forms are sent."""

    links: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)


@dataclass
class Walked:
    """What became of a walk: the kinds of page that were opened, and what should not have been shown."""

    opened: Counter[str] = field(default_factory=Counter)
    astray: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Endpoints that answered with a file, which shows no way on."""


def walk(client: PageClient, permissions: frozenset[str], start: str = "/") -> Walked:
    """Open every kind of page that is linked from another one, and look at every form."""
    app, walked = client.application, Walked()
    waiting, known = [start], {start}
    while waiting:
        here = waiting.pop(0)
        kind = _kind(app, here)
        if not _is_worth_opening(kind, walked):
            continue
        walked.opened[kind] += 1
        answer = client.get(here)
        if answer.status_code in {301, 302, 303}:
            found = Shown([answer.location])
        elif answer.status_code == 200 and answer.mimetype != "text/html":
            walked.files.add(kind.partition("?")[0])
            continue
        elif answer.status_code == 200:
            found = _read(answer.text)
            walked.astray += [f"{here} names a command"] if "flask " in answer.text else []
        else:
            walked.astray.append(f"{here} answers {answer.status_code}")
            continue
        walked.astray += [f"{here} shows a form to {url}" for url in _closed(app, here, found.forms, permissions)]
        waiting += [url for url in _ours(here, found.links) if url not in known]
        known.update(waiting)
    return walked


def _is_worth_opening(kind: str, walked: Walked) -> bool:
    """Return whether a page may show something that those opened before it do not."""
    endpoint, _, query = kind.partition("?")
    names = {*query.split("&")} - {""}
    if names and endpoint in walked.files:
        return False
    if len(names) > 1:
        before = (opened.partition("?") for opened in walked.opened)
        return not names <= {name for one, _, query in before if one == endpoint for name in query.split("&")}
    return walked.opened[kind] < (1 if names & ONLY_OTHER_ROWS else ALIKE)


def _read(page: str) -> Shown:
    """Return the links and forms of a page; its tags are found by their spelling, which is much faster than parsing."""
    shown = Shown()
    for name, written in _TAGS.findall(page):
        named = {attribute: unescape(value) for attribute, value in _ATTRIBUTES.findall(written)}
        if name == "form":
            (shown.forms if named.get("method") == "post" else shown.links).append(named.get("action", ""))
        elif named.get("href"):
            shown.links.append(named["href"])
    return shown


def _ours(here: str, links: list[str]) -> Iterator[str]:
    """Return the addresses of pages of ours, without what points into them."""
    for link in links:
        parts = urlsplit(urljoin(here, link))
        if not parts.scheme and not parts.netloc and not parts.path.startswith(("/static/", "/api/")):
            yield parts._replace(fragment="").geturl()


def _closed(app: Flask, here: str, forms: list[str], permissions: frozenset[str]) -> list[str]:
    """Return the addresses of forms that may not be sent, or lead nowhere."""
    return [url for url in (urljoin(here, form) for form in forms) if not _may_send(app, url, permissions)]


def _may_send(app: Flask, url: str, permissions: frozenset[str]) -> bool:
    endpoint = _endpoint(app, url, "POST")
    needed = access_to(app, endpoint).permission if endpoint else None
    return endpoint is not None and (needed is None or needed in permissions)


def _kind(app: Flask, url: str) -> str:
    """Return what kind of page is at an address: its endpoint and the names in its query."""
    names = sorted({name for name, _ in parse_qsl(urlsplit(url).query)})
    return f"{_endpoint(app, url, 'GET')}?{'&'.join(names)}"


def _endpoint(app: Flask, url: str, method: str) -> str | None:
    try:
        return str(app.url_map.bind("").match(urlsplit(url).path, method=method)[0])
    except HTTPException:
        return None
