"""Hooks of every request: request id, actor, CSRF protection, authorization."""

import re
from ipaddress import ip_address
from uuid import uuid4

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect

from clinic.core.context import Actor, reset_actor, set_actor
from clinic.core.db.transaction import reset_outcome
from clinic.core.errors import ClinicError
from clinic.core.tenancy import current_clinic_id_or_none
from clinic.web.authorization import authorize_request
from clinic.web.request_guards import (
    refuse_misdirected,
    refuse_other_sites,
    refuse_too_much,
    refuse_undecodable_form,
    refuse_undecodable_query,
)

csrf = CSRFProtect()

API_PREFIX = "/api/"
REQUEST_ID = "clinic.request_id"
"""The key of the request id in the WSGI environment, which outlasts the request context."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_LONGEST_ADDRESS = 64
"""Characters, with the zone of a link-local IPv6 address."""


class OtherClinic(ClinicError):
    """A form of one clinic is sent in another; not a `Conflict`, which modules handle for their records."""

    code = "other-clinic"

    def __init__(self, shown_in: str) -> None:
        super().__init__(
            "You are now in another clinic: go back to the one that this form belongs to, or fill it in again in this "
            "one. Nothing was saved",
            details={"clinic_id": shown_in},
        )


def init_app(app: Flask) -> None:
    """Give every request an id and an actor, and authorize it."""
    app.url_map.merge_slashes = False  # the redirect would contain the requested host
    app.jinja_env.globals["current_clinic_id"] = current_clinic_id_or_none
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # the token expires with its session
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)  # pages send no Referer
    app.before_request(_begin)
    csrf.init_app(app)
    app.before_request(_authorize)
    app.before_request(_refuse_forms_of_another_clinic)
    app.after_request(_add_request_id)
    app.teardown_request(_end)


def is_api() -> bool:
    """Return whether this request is answered in JSON."""
    return request.path.startswith(API_PREFIX)


def request_id() -> str:
    """Return the id of this request, which logs, events and responses share."""
    found: str = g.get("request_id", "")
    return found


def _begin() -> None:
    requested = request.headers.get("X-Request-ID", "")
    g.request_id = requested if _REQUEST_ID.fullmatch(requested) else uuid4().hex
    request.environ[REQUEST_ID] = g.request_id
    reset_outcome()
    actor = Actor("api" if is_api() else "page", g.request_id, address=_caller_address())
    g.actor_token = set_actor(actor)
    refuse_misdirected()
    refuse_undecodable_query()
    if is_api():
        refuse_other_sites()
    refuse_too_much()
    if not is_api():
        refuse_undecodable_form()


def _authorize() -> ResponseReturnValue | None:
    return authorize_request(api=is_api())


def _refuse_forms_of_another_clinic() -> None:
    """Refuse a form that was rendered before another window switched the clinic.

    :raises OtherClinic: if it was
    """
    here = current_clinic_id_or_none()
    if here is None or is_api() or request.endpoint is None:
        return
    shown_in = request.form.get("_clinic", str(here))
    if shown_in != str(here):
        raise OtherClinic(shown_in)


def _add_request_id(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    return response


def _end(_error: BaseException | None) -> None:
    if token := g.pop("actor_token", None):
        reset_actor(token)


def _caller_address() -> str:
    """Return the client's IP address, or nothing if there is none (RFC 7239 allows proxies to add the port)."""
    remote = request.remote_addr or ""
    without_port = remote[1:].partition("]")[0] if remote.startswith("[") else remote.partition(":")[0]
    return next((one for one in (remote, without_port) if _is_address(one)), "")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return len(text) <= _LONGEST_ADDRESS
