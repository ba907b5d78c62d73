"""Asking routes as somebody: as a stranger, or as a person and a program with a role's permissions."""

import re
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus
from itertools import product
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from werkzeug.test import TestResponse

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.models import ApiKey, Membership
from clinic.identity.roles import ROLES, permission_names
from tests.access.matrix_file import COLUMNS, WRITTEN_ANEW, Key, read_table
from tests.access.request_bodies import BODIES, Ids, headers_for
from tests.access.routes import WITHOUT_A_VIEW, Route, refused_by
from tests.access.two_clinics import Unfilled, World, argument, lasting_ids
from tests.assertions import told_by
from tests.builders import a_member
from tests.databases import is_on_sqlite
from tests.page_client import PageClient

ANONYMOUS, DENIED = "anonymous", "denied"
EXTREMES = {ANONYMOUS, DENIED, "administrator"}
REFUSALS = {"302", "401", "403"}
"""How the reviewed file says that nothing is done."""

_MADE_ANEW = re.compile(r'(name="(?:csrf_token|key)" value=")[^"]*')

Filling = Mapping[str, str]
"""What stands for each argument of a route, for each name of a query."""


class Caller:
    """Somebody who asks; what an answer tells of the other clinic, or of a missing record, is kept."""

    def __init__(self, world: World, column: str, *, may: Collection[str] | None = None) -> None:
        self.world, self.column = world, column
        self.asked = 0
        self.traces: list[str] = []
        self.told_apart: list[str] = []
        self.member_id: UUID | None = None
        self.key: str | None = None
        self.session: str | None = None
        if column != ANONYMOUS:
            self.member_id, self.key = _hired(world, column, may)
        self.stated = _stated(column) if may is None else {}
        self.start_anew()

    def start_anew(self) -> None:
        """Open a browser with a token for its forms, and sign in unless this is a stranger."""
        self._open_browser()
        if self.member_id:
            self.session = self.client.become(self.member_id, self.world.clinic_id)
            self.token = self.client.token()

    def _open_browser(self) -> None:
        """Open a browser to which nothing has been said, with the session there is."""
        self.world.app.test_client_class = PageClient
        client = self.world.app.test_client()
        assert isinstance(client, PageClient)
        if self.session:
            client.keep(self.session)
        self.token = client.token()
        client.key = self.key
        self.client: PageClient = client
        self.changed = False

    def _forget_last(self) -> None:
        """Forget what the last request left in the browser, such as a message for the next page."""
        if self.last.endpoint.startswith("staff."):  # may have ended the session, or changed what it may do
            self.start_anew()
        elif not self.last.is_api:
            self._open_browser()
        self.changed = False

    def cell(self, route: Route) -> str:
        """Ask for a missing record, for another clinic's, for one's own; return the answers as the file writes them.

        One request is enough where the record does not matter, if its answer is the one that the file states.
        """
        if not route.arguments:
            return str(self.ask(route, {}, self.body(route)).status_code)
        if self._is_enough(route):
            answer = self.ask(route, lasting_ids(self.world, route), self.body(route))
            if str(answer.status_code) == self.stated[route.key].partition("/")[0]:
                return self.stated[route.key]
        return self._whole_cell(route)

    def missing(self, route: Route) -> TestResponse:
        """Ask for a record that is nowhere; only the record is, not a word in the address as well."""
        return self.ask(route, self._nowhere(route), self.body(route))

    def _whole_cell(self, route: Route) -> str:
        body, nowhere, ids_of_own = self.body(route), self._nowhere(route), self.own_ids(route)
        missing = self.ask(route, nowhere, body)
        known = seen(missing, nowhere)
        others = [self._compared(route, ids, body, known) for ids in self.ids_of_others(route, ids_of_own)]
        own = self.ask(route, ids_of_own, body)
        codes = [str(own.status_code), "+".join(sorted(set(others))) or "-", str(missing.status_code)]
        return codes[0] if len({*codes} - {"-"}) == 1 else "/".join(codes)

    def asks(self, route: Route) -> bool:
        """Return whether a cell of the column is asked for.

        Each caller gets the same answer to HEAD as to GET, and OPTIONS depends on the permission alone. So only three
        callers ask with these two, on SQLite: the administrator, a stranger, and a member to whom everything is denied.
        """
        if route.method not in WITHOUT_A_VIEW or not self.stated:
            return True
        return self.column in EXTREMES and is_on_sqlite(self.world.app)

    def _is_enough(self, route: Route) -> bool:
        """Return whether one request is enough, because the answer cannot depend on the record.

        No view answers OPTIONS. The administrator asks for every record with HEAD; strangers, and members to whom
        everything is denied, ask for every record that is refused. The other callers need not.
        """
        if route.key not in self.stated:
            return False
        if route.method in WITHOUT_A_VIEW:
            return route.method == "OPTIONS" or self.column != "administrator"
        return self._is_refused(route) and self.column not in EXTREMES

    def _is_refused(self, route: Route) -> bool:
        return self.stated.get(route.key, "").partition("/")[0] in REFUSALS

    def _nowhere(self, route: Route) -> Filling:
        records = {name for name in route.arguments if self.world.foreign(name)}
        words = {*route.arguments} - records if records else set()
        nowhere = {name: argument(name).missing() for name in route.arguments}
        return nowhere | {name: self.world.lasting_own(name) for name in words}

    def refusals(self) -> list[str]:
        """Ask with methods that no view answers; return where that is not a 405 naming those that are.

        Strangers ask with all of them, others with every fifth: it is decided before it is known who asks.
        """
        wrong, addresses = [], self.world.app.url_map.bind("")
        for route in refused_by(self.world.app)[:: 1 if self.column == ANONYMOUS else 5]:
            ids = self.own_ids(route)
            methods = {*addresses.allowed_methods(address(route, ids))}
            if route.method in methods:  # another rule fits the same address
                continue
            answer = self.ask(route, ids, {})
            if (answer.status_code, {*answer.headers.get("Allow", "").split(", ")}) != (405, methods):
                wrong.append(f"{route.method} {route.rule} answers {answer.status} to {self.column}")
        return wrong

    def body(self, route: Route) -> dict[str, Any]:
        """Return what is sent to a route; to one that refuses it, always the same records are sent."""
        return body_for(route, self.world.lasting_own if self._is_refused(route) else self.world.own)

    def own_ids(self, route: Route) -> Filling:
        """Return what fills a route from one's own clinic; where something should be written to it, it is new."""
        if route.writes and not self._is_refused(route):
            return {name: self.world.own(name, route.endpoint) for name in route.arguments}
        return lasting_ids(self.world, route)

    def ask(self, route: Route, ids: Filling, body: Mapping[str, Any], *, query: Filling | None = None) -> TestResponse:
        """Send one request, with whatever it takes to be carried out."""
        if self.changed:
            self._forget_last()
        options = self._sent_with(route, body) | {"query_string": query or {}}
        headers = {"X-Request-ID": "matrix", **headers_for(route.endpoint)}
        answer = self.client.open(address(route, ids), method=route.method, headers=headers, buffered=True, **options)
        self.changed, self.last = route.writes and answer.status_code < HTTPStatus.BAD_REQUEST, route
        self._look_for_traces(route, answer, [*ids.values(), *map(str, body.values()), *(query or {}).values()])
        return answer

    def _sent_with(self, route: Route, body: Mapping[str, Any]) -> dict[str, Any]:
        if not route.writes:
            return {}
        if route.is_api:
            return {"json": dict(body)}
        return {"data": {"csrf_token": self.token, **body}}

    def ids_of_others(self, route: Route, own: Filling) -> Iterator[Filling]:
        """Return every way to fill a route in which something is another clinic's, and the rest is one's own."""
        foreign = {name: self.world.foreign(name) for name in route.arguments}
        choices = [[(name, one) for one in (foreign[name], own[name]) if one] for name in route.arguments]
        return (dict(ids) for ids in product(*choices) if any(foreign[name] == one for name, one in ids))

    def _compared(self, route: Route, ids: Filling, body: Mapping[str, Any], missing: str) -> str:
        """Ask for another clinic's record, and keep it if the answer is not the one for a missing record."""
        answer = self.ask(route, ids, body)
        if seen(answer, ids) != missing:
            self.told_apart.append(f"{route.method} {route.rule} tells {self.column} another clinic's from a missing")
        return str(answer.status_code)

    def _look_for_traces(self, route: Route, answer: TestResponse, asked: list[str]) -> None:
        self.asked += 1
        written = f"{answer.headers}\n{unquote(str(answer.headers))}\n{told_by(answer)}"
        found = self.world.canaries.found_in(written, asked=asked)
        self.traces += [f"{route.method} {route.rule} tells {self.column} of {word}" for word in found]


def body_for(route: Route, the: Ids) -> dict[str, Any]:
    """Return what is sent to a route, with ids by `the`.

    :raises Unfilled: if it writes, and nobody has said what
    """
    if not route.writes:
        return {}
    if route.endpoint not in BODIES:
        raise Unfilled(f"{route.endpoint} writes: say in tests/access/bodies.py with which body it would")
    return BODIES[route.endpoint](the)


def filled(world: World, route: Route) -> tuple[Filling, dict[str, Any]]:
    """Return what fills a route, and what is sent to it: the same records for all, until `lasting` is emptied."""
    ids = {name: world.lasting_own(name, route.endpoint) for name in route.arguments}
    return ids, body_for(route, world.lasting_own)


def seen(answer: TestResponse, asked: Filling) -> str:
    """Return all that can be seen of an answer, but for what was asked for and what is made anew each time."""
    text = _MADE_ANEW.sub(r"\1ANEW", told_by(answer))
    headers = [(name, value.partition("=")[0] if name == "Set-Cookie" else value) for name, value in answer.headers]
    whole = repr((answer.status, sorted(pair for pair in headers if pair[0] != "Date"), text))
    for one in asked.values():
        whole = whole.replace(one, "ASKED")
    return whole


def address(route: Route, ids: Filling) -> str:
    """Return the address of a route, with ids for its arguments."""
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda match: ids[match[1]], route.rule)


def _stated(column: str) -> dict[Key, str]:
    """Return the cells of a column by the reviewed file."""
    if column not in COLUMNS or WRITTEN_ANEW:
        return {}
    return {key: row[column] for key, row in read_table().items()}


def _hired(world: World, column: str, may: Collection[str] | None) -> tuple[UUID, str]:
    """Let a person work in the own clinic, and make a key with the same permissions: those of a role, or just these."""
    if column == DENIED:
        may = ()
    role = column if may is None else "administrator"
    permissions = ROLES[role].permissions if may is None else frozenset(may)
    with world.app.app_context(), clinic_scope(world.clinic_id):
        member_id = a_member(world.clinic_id, role, email=f"{fold(column).replace(' ', '-')}@example.org").id
        record, key = api_key_service.create(label=column, scopes=["all"])
        with unit_of_work():
            db.session.get_one(ApiKey, record.id).scopes = sorted(permissions)
            membership = db.session.query(Membership).filter_by(member_id=member_id).one()
            membership.denied = [] if may is None else sorted(frozenset(permission_names()) - permissions)
    return member_id, key
