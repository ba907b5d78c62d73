"""Pages of the own account: profile, sessions, preferences, switching the clinic."""

from uuid import UUID

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.errors import NotFound
from clinic.identity.clinics import clinic_service
from clinic.identity.saved_forms import saved_form_service
from clinic.identity.self_service import self_service
from clinic.identity.sessions import session_service
from clinic.staff.pages.blueprint import blueprint
from clinic.staff.pages.login_cookie import set_login_token
from clinic.staff.schemas import SwitchForm
from clinic.web.authentication import current_session
from clinic.web.authorization import background_view, login_required
from clinic.web.forms import load_form, posted_from
from clinic.web.idempotency import idempotent


@blueprint.get("/account")
@login_required
def account() -> ResponseReturnValue:
    """Show the own account."""
    here = current_session()
    sessions = session_service.list_open(here.member.id)
    names = {clinic.id: clinic.name for clinic in clinic_service.list_of_member(here.member.id)}
    return render_template("staff/account.html", session=here, sessions=sessions, clinic_names=names)


@blueprint.route("/account/sessions/<uuid:sign_in_id>/end", methods=["GET", "POST"])
@login_required
@posted_from(".account")
@idempotent
def end_session(sign_in_id: UUID) -> ResponseReturnValue:
    """End one of the own sessions."""
    self_service.end_session(current_session(), sign_in_id)
    flash("The session was signed out")
    return redirect(url_for(".account"), 303)


@blueprint.get("/account/session")
@background_view
def session_end() -> ResponseReturnValue:
    """Return when the session ends, without using it."""
    return _end()


@blueprint.post("/account/session")
@login_required
def stay() -> ResponseReturnValue:
    """Use the session, and return when it ends now."""
    return _end()


@blueprint.route("/account/preferences", methods=["GET", "POST"])
@login_required
@posted_from(".account")
@idempotent
def save_preferences() -> ResponseReturnValue:
    """Save the preferences of the user."""
    self_service.save_preferences(current_session(), shortcuts="shortcuts" in request.form)
    flash("Your preferences are saved")
    return redirect(url_for(".account"), 303)


@blueprint.route("/clinic/switch", methods=["GET", "POST"])
@login_required
@posted_from(".home")
def switch() -> ResponseReturnValue:
    """Switch to another clinic."""
    form = load_form(SwitchForm())
    if form.errors:
        raise NotFound("There is no such clinic")
    token = self_service.switch_clinic(current_session(), **form.data)
    set_login_token(token, same_person=True, other_clinic=True)
    flash(f"You are now in {current_session().clinic.name}")
    return redirect(url_for(".saved_form" if saved_form_service.find_latest(current_session()) else ".home"), 303)


def _end() -> ResponseReturnValue:
    end = current_session().end
    return jsonify(seconds=end.seconds, seconds_to_warning=end.seconds_to_warning, can_wait=end.can_wait)
