"""The pages of a visit behind the link in a message: confirm, cancel, another time, calendar file."""

from datetime import date, datetime

from flask import Response, request
from flask.typing import ResponseReturnValue

from clinic.appointments.service import UNDO_GRACE
from clinic.notifications.calendar.files import publish_visit
from clinic.notifications.links.opening import acting_by_link, find_link
from clinic.notifications.links.tokens import derive_token
from clinic.notifications.links.visit_answers import TimeGone, visit_answer_service
from clinic.notifications.links.visit_states import LinkedVisit, VisitState
from clinic.notifications.models import ANSWER, CALENDAR, PREFERENCES
from clinic.notifications.pages.public_blueprint import public_blueprint
from clinic.notifications.pages.public_page import back_to, by_token, chosen_language, public_page
from clinic.web.authorization import public

_TAKES_PLACE = {VisitState.OPEN, VisitState.LATE, VisitState.MOVED_HERE}
_STATUS = {VisitState.CLOSED: 410, VisitState.MOVED: 410}
_ANSWERS = {
    "yes": visit_answer_service.confirm,
    "no": visit_answer_service.cancel,
    "undo": visit_answer_service.take_back,
}


@public_blueprint.get("/visit/<token>")
@public
def visit(token: str) -> ResponseReturnValue:
    """Show a visit and its buttons; this changes nothing, so that programs may open links."""
    link = find_link(token, ANSWER)
    with acting_by_link(link):
        return _visit_page(visit_answer_service.get(link), token)


@public_blueprint.post("/visit/<token>")
@by_token
def answer(token: str) -> ResponseReturnValue:
    """Do what the pressed button says, if the visit still allows it, and show the visit as it is then."""
    link = find_link(token, ANSWER)
    act = _ANSWERS.get(request.form.get("answer", ""))
    if act is not None:
        with acting_by_link(link):
            try:
                act(link)
            except TimeGone:
                return _visit_page(visit_answer_service.get(link), token, error="time_gone", status=409)
    return back_to(".visit", token)


@public_blueprint.get("/visit/<token>/time")
@public
def another_time(token: str) -> ResponseReturnValue:
    """Ask the date of birth, or show free times if it was entered a short time ago."""
    link = find_link(token, ANSWER)
    with acting_by_link(link):
        shown = visit_answer_service.get(link)
        return _time_page(shown, token) if shown.is_verified else _birth_page(shown, token)


@public_blueprint.get("/visit/<token>/birth-date")
@public
def birth_date(token: str) -> ResponseReturnValue:
    """Lead whoever loads the address of a refused date again to its form."""
    return back_to(".another_time", token)


@public_blueprint.post("/visit/<token>/birth-date")
@by_token
def enter_birth_date(token: str) -> ResponseReturnValue:
    """Check the date of birth, and show free times if it is the one on record."""
    link = find_link(token, ANSWER)
    with acting_by_link(link):
        entered = _entered_date()
        if entered is None:
            return _birth_page(visit_answer_service.get(link), token, error="birth_enter", status=422)
        checked = visit_answer_service.check_birth_date(link, entered)
        if checked.is_right:
            return back_to(".another_time", token)
        error = "birth_wrong_last" if checked.tries_left == 1 else "birth_wrong"
        return _birth_page(visit_answer_service.get(link), token, error=error, status=422)


@public_blueprint.post("/visit/<token>/time")
@by_token
def move(token: str) -> ResponseReturnValue:
    """Move the visit to the chosen time, and show it."""
    link = find_link(token, ANSWER)
    with acting_by_link(link):
        starts_at = _chosen_start()
        if starts_at is None:
            return _time_page(visit_answer_service.get(link), token, error="choose_a_time", status=422)
        try:
            visit_answer_service.move(link, starts_at)
        except TimeGone:
            return _time_page(visit_answer_service.get(link), token, error="time_gone", status=409)
        return back_to(".visit", token)


@public_blueprint.get("/visit/<token>/appointment.ics")
@public
def calendar(token: str) -> ResponseReturnValue:
    """Return the visit as a calendar file, for whoever has opened its page."""
    return _calendar_file(token, ANSWER)


@public_blueprint.get("/calendar/<token>.ics")
@public
def open_calendar(token: str) -> ResponseReturnValue:
    """Return the visit as a calendar file; this link shows nothing else and answers nothing."""
    return _calendar_file(token, CALENDAR)


def _calendar_file(token: str, purpose: str) -> ResponseReturnValue:
    """Return the calendar file of a visit that takes place, else its page without buttons."""
    link = find_link(token, purpose)
    with acting_by_link(link):
        shown = visit_answer_service.get(link)
        if shown.state not in _TAKES_PLACE:
            return _visit_page(shown, token)
        content = publish_visit(shown, chosen_language())
    response = Response(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response.headers["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response


def _visit_page(
    shown: LinkedVisit, token: str, *, error: str | None = None, status: int | None = None
) -> ResponseReturnValue:
    grace = int(UNDO_GRACE.total_seconds() // 60)
    status = status or _STATUS.get(shown.state, 200)
    return _page("links/visit.html", shown, token, status=status, grace=grace, error=error)


def _birth_page(shown: LinkedVisit, token: str, *, error: str | None = None, status: int = 200) -> ResponseReturnValue:
    if not shown.is_open:
        return _visit_page(shown, token)
    typed = {name: request.form.get(name, "")[:10] for name in ("day", "month", "year")}
    return _page("links/birth_date.html", shown, token, status=status, error=error, typed=typed)


def _time_page(shown: LinkedVisit, token: str, *, error: str | None = None, status: int = 200) -> ResponseReturnValue:
    if not (shown.can_move and shown.is_verified):
        return _birth_page(shown, token)
    times = visit_answer_service.free_times(shown, _first_day())
    return _page("links/times.html", shown, token, status=status, error=error, times=times)


def _page(
    template: str, shown: LinkedVisit, token: str, *, status: int = 200, **context: object
) -> ResponseReturnValue:
    context |= {"shown": shown, "visit": shown.visit, "name": shown.name, "token": token}
    context["preferences"] = derive_token(shown.link.notification_id, PREFERENCES)
    return public_page(template, shown.clinic, shown.recipient, status=status, **context)


def _entered_date() -> date | None:
    try:
        day, month, year = (int(request.form.get(name, "")[:10]) for name in ("day", "month", "year"))
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _chosen_start() -> datetime | None:
    try:
        start = datetime.fromisoformat(request.form.get("start", ""))
    except ValueError:
        return None
    return start if start.tzinfo else None


def _first_day() -> date | None:
    try:
        return date.fromisoformat(request.args.get("from", ""))
    except ValueError:
        return None
