"""What happens before and after every request: its id, its actor, its clinic, its token against forgery."""

import re
from uuid import uuid4

from flask import Flask, Response, abort, g, request
from flask_wtf import CSRFProtect

from clinic.core.context import Acting, start_acting, stop_acting
from clinic.core.errors import ClinicError
from clinic.core.tenancy import chosen_clinic, clinic_id_or_none, enter_clinic

csrf = CSRFProtect()

API_PREFIX = "/api/"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_OUTSIDE_CLINICS = {"static", "styles", "openapi", "api_docs"}


class OtherClinic(ClinicError):
    """A form was shown in one clinic and is sent in another: no `Conflict`, which modules answer for their records."""

    code = "other-clinic"

    def __init__(self, shown_in: str) -> None:
        super().__init__(
            "You are now in another clinic: go back to the one that this form belongs to, or fill it in again in this "
            "one. Nothing was saved",
            facts={"clinic_id": shown_in},
        )


def init_app(app: Flask) -> None:
    """Let every request have an id, an actor and a clinic."""
    app.jinja_env.globals["clinic_in_force"] = clinic_id_or_none
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)  # the token lives as long as the session it belongs to
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)  # no page sends a Referer
    app.before_request(_begin)
    csrf.init_app(app)
    app.before_request(_enter_clinic)
    app.before_request(_refuse_forms_of_another_clinic)
    app.after_request(_show_id)
    app.teardown_request(_end)


def is_api() -> bool:
    """Say whether this request is answered in JSON."""
    return request.path.startswith(API_PREFIX)


def request_id() -> str:
    """Return the id of this request, which logs, events and answers share."""
    found: str = g.get("request_id", "")
    return found


def _begin() -> None:
    asked = request.headers.get("X-Request-ID", "")
    g.request_id = asked if _REQUEST_ID.fullmatch(asked) else uuid4().hex
    g.acting = start_acting(Acting(actor="api" if is_api() else "page", request_id=g.request_id))
    if is_api() and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Other sites may not call this API from a browser")


def _enter_clinic() -> None:
    if request.endpoint and request.endpoint not in _OUTSIDE_CLINICS:
        enter_clinic(chosen_clinic())


def _refuse_forms_of_another_clinic() -> None:
    """Stop a form that was shown before another window changed the clinic.

    :raises OtherClinic: if it is one
    """
    here = clinic_id_or_none()
    if here is None or is_api():
        return
    shown_in = request.form.get("_clinic", str(here))
    if shown_in != str(here):
        raise OtherClinic(shown_in)


def _show_id(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    return response


def _end(_error: BaseException | None) -> None:
    if token := g.pop("acting", None):
        stop_acting(token)
