"""No route without a word on who may call it."""

from pathlib import Path

import pytest
from flask import Flask

from clinic import create_app
from clinic.identity.roles import ROLE_PERMISSIONS, permission_names
from clinic.patients import PatientsModule, commands, module
from clinic.patients.pages import patients
from clinic.web.authorization import Access, UndeclaredRoute, access_to
from clinic.web.permission_checks import PermissionMismatch

PERMISSIONS = module.get_permissions()

PUBLIC = {
    *("static", "styles", "components", "openapi", "api_docs", "api_schemas", "staff.sign_in"),
    *(
        "staff.begin_session",
        "staff.forgotten",
        "staff.ask_for_link",
        "staff.link_sent",
        "staff.set_password",
        "staff.save_password_by_link",
    ),
    # Behind links in messages to patients: the token in the address allows what the link is for.
    *(
        "links.visit",
        "links.answer",
        "links.another_time",
        "links.birth_date",
        "links.enter_birth_date",
        "links.move",
        "links.calendar",
    ),
    *("links.open_calendar", "links.preferences", "links.stop", "links.open_unsubscribe", "links.unsubscribe"),
}
"""What strangers may call; each one more is a decision."""


def made(folder: Path) -> Flask:
    """Make an application of its own."""
    settings = {"TESTING": True, "SQLALCHEMY_DATABASE_URI": "sqlite://", "SECRET_KEY": "test" * 10}
    return create_app({**settings, "INSTANCE_PATH": folder})


@pytest.mark.row(28)
def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    declared = {rule.endpoint: access_to(app, rule.endpoint) for rule in app.url_map.iter_rules()}

    assert {access.permission for access in declared.values()} <= {None, *permission_names()}
    assert {endpoint for endpoint, access in declared.items() if access.public} == PUBLIC


@pytest.mark.row(28)
def test_an_application_with_an_undeclared_route_does_not_start(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(patients.index, "access")

    with pytest.raises(UndeclaredRoute, match=r"patients\.index does not declare who may call it"):
        made(tmp_path)


@pytest.mark.row(28)
def test_an_application_with_an_unknown_permission_of_a_route_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patients.index, "access", Access(permission="patients:raed"))

    with pytest.raises(PermissionMismatch, match=r"the route patients\.index names the permission patients:raed"):
        made(tmp_path)


@pytest.mark.slow
@pytest.mark.row(28)
def test_an_application_with_an_unknown_permission_of_a_command_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.group.commands["add"], "needs", "patients:raed")

    with pytest.raises(PermissionMismatch, match="the command patients add names the permission patients:raed"):
        made(tmp_path)


@pytest.mark.slow
@pytest.mark.row(28)
def test_an_application_with_an_unknown_permission_of_a_role_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLE_PERMISSIONS, "manager", ("patients:raed",))

    with pytest.raises(PermissionMismatch, match="the role manager names the permission patients:raed"):
        made(tmp_path)


@pytest.mark.row(28)
def test_an_application_with_a_permission_that_no_role_has_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientsModule, "get_permissions", lambda _: {**PERMISSIONS, "patients:melt": "Melt records"})

    with pytest.raises(PermissionMismatch, match="no role has the permission patients:melt"):
        made(tmp_path)
