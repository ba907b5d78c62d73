"""Forms that are shown again, with what is to be mended, when a service refuses what was typed."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import request
from flask.typing import ResponseReturnValue

from clinic.core.errors import InvalidInput
from clinic.identity.self_service import WeakPassword
from clinic.identity.sign_in import TooManyAttempts, WrongCode, WrongCredentials, WrongPassword
from clinic.staff.pages.blueprint import blueprint
from clinic.web.forms import Form

View = TypeVar("View", bound=Callable[..., Any])
Show = Callable[..., str]

_SHOWN: dict[str, Show] = {}
_REPEATED = ("email", "next")
_LONGEST = 2000


def shown_again(show: Show) -> Callable[[View], View]:
    """Let `show(form, **view_args)` show the form that a view takes, when it is refused."""

    def note(view: View) -> View:
        _SHOWN[f"{blueprint.name}.{view.__name__}"] = show
        return view

    return note


def typed(problems: dict[str, list[str]] | None = None) -> Form:
    """Return the sent form as it may be shown again: passwords and codes are typed anew."""
    values = {name: request.form.get(name, "")[:_LONGEST] for name in _REPEATED}
    return Form(values, dict(problems or {}))


@blueprint.errorhandler(WrongCredentials)
@blueprint.errorhandler(WrongCode)
@blueprint.errorhandler(WrongPassword)
@blueprint.errorhandler(WeakPassword)
def say_what_is_wrong(error: InvalidInput) -> ResponseReturnValue:
    """Show the form that was sent, and what is to be mended."""
    return _show(typed(error.problems)), 422


@blueprint.errorhandler(TooManyAttempts)
def ask_to_wait(error: TooManyAttempts) -> ResponseReturnValue:
    """Show the form that was sent, and say how long nothing is tried."""
    return _show(typed({"": [error.message]})), 429, {"Retry-After": str(error.retry_after)}


def _show(form: Form) -> str:
    return _SHOWN[request.endpoint or ""](form, **(request.view_args or {}))
