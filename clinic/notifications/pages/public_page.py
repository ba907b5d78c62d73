"""What all pages behind links share: language, the clinic's address and phone, and the page of a link that fails."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.clock import wall_day
from clinic.core.errors import RateLimited
from clinic.core.phone_numbers import written_phone
from clinic.identity.models import Clinic
from clinic.notifications.links.opening import LinkNotFound
from clinic.notifications.links.page_texts import (
    day_text,
    page_texts,
    reading_language,
    time_text,
)
from clinic.notifications.pages.public_blueprint import public_blueprint
from clinic.notifications.writing.dates import Region
from clinic.notifications.writing.languages import LANGUAGES, choose_language
from clinic.patients.service import Recipient
from clinic.web.authorization import public
from clinic.web.request_hooks import csrf

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def by_token(view: View) -> View:
    """Allow everybody to call a view whose address has a token, also without the token of a form and without a cookie.

    A form of another site is refused: its sender would have to know the link, and could open it as well.
    """

    @wraps(view)
    def checked(**arguments: Any) -> ResponseReturnValue:
        if request.method == "POST":
            _refuse_other_sites()
        return view(**arguments)

    csrf.exempt(checked)
    declared: Any = public(checked)
    return declared  # type: ignore[no-any-return]


def _refuse_other_sites() -> None:
    """Refuse a form that a browser sends from another site.

    These pages send no referrer, so that the Origin of their own forms is `null` (Fetch, section 3.2.2).

    :raises HTTPException: 403
    """
    origin = request.headers.get("Origin", "null")
    is_foreign = origin != "null" and origin.partition("://")[2] != request.host
    if is_foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403, "Open the link in the message, and press the button there")


def public_page(
    template: str, clinic: Clinic, recipient: Recipient | None, *, status: int = 200, **context: Any
) -> ResponseReturnValue:
    """Return a page behind a link, in the language of its reader or the one that they chose."""
    language = chosen_language() or reading_language(recipient, clinic)
    locale = Region(language, clinic.country).locale

    def day(at: datetime | date) -> str:
        return day_text(wall_day(at, clinic.zone) if isinstance(at, datetime) else at, locale)

    page = render_template(
        template,
        clinic=clinic,
        phone=clinic.phone and written_phone(clinic.phone),
        day=day,
        time=lambda at: time_text(at, clinic.zone, locale),
        address=(clinic.address or "").splitlines(),
        **_texts(language),
        **context,
    )
    return make_response(page, status)


def chosen_language() -> str | None:
    """Return the language that the reader chose on the page, None if they did not."""
    chosen = request.args.get("lang")
    return chosen if chosen in LANGUAGES else None


def back_to(endpoint: str, token: str) -> ResponseReturnValue:
    """Return to a page of the same link, in the language that was chosen."""
    return redirect(url_for(endpoint, token=token, lang=chosen_language()), 303)


def _texts(language: str) -> Mapping[str, Any]:
    others = {other: page_texts(other)["name"] for other in LANGUAGES if other != language}
    return {"t": page_texts(language), "lang": language, "others": others, "chosen": chosen_language()}


def _failed(status: int, kind: str, **values: Any) -> ResponseReturnValue:
    language = chosen_language() or request.accept_languages.best_match(LANGUAGES) or choose_language()
    return make_response(render_template("links/failed.html", kind=kind, **_texts(language), **values), status)


@public_blueprint.errorhandler(LinkNotFound)
def unknown(_error: LinkNotFound) -> ResponseReturnValue:
    """Return the one page of all links that don't work, whatever the reason."""
    return _failed(404, "unknown")


@public_blueprint.errorhandler(RateLimited)
def busy(error: RateLimited) -> ResponseReturnValue:
    """Return the page of a link that was opened too often."""
    seconds = error.retry_after or 60
    answer = make_response(_failed(429, "busy", minutes=math.ceil(seconds / 60)))
    answer.headers["Retry-After"] = str(seconds)
    return answer
