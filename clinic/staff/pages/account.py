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
from clinic.staff.pages.login_cookie import change_to
from clinic.staff.schemas import SwitchForm
from clinic.web.authentication import the_session
from clinic.web.authorization import looks_on, signed_in
from clinic.web.forms import load_form, posted_from


@blueprint.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """Show the own account."""
    here = the_session()
    sessions = session_service.alive_of(here.member.id)
    names = {clinic.id: clinic.name for clinic in clinic_service.of_member(here.member.id)}
    return render_template("staff/account.html", session=here, sessions=sessions, clinic_names=names)


@blueprint.route("/account/sessions/<uuid:sign_in_id>/end", methods=["GET", "POST"])
@signed_in
@posted_from(".account")
def end_session(sign_in_id: UUID) -> ResponseReturnValue:
    """End one of the own sessions."""
    self_service.end_session(the_session(), sign_in_id)
    flash("The session was signed out")
    return redirect(url_for(".account"), 303)


@blueprint.get("/account/session")
@looks_on
def session_end() -> ResponseReturnValue:
    """Return when the session ends, without using it."""
    return _end()


@blueprint.post("/account/session")
@signed_in
def stay() -> ResponseReturnValue:
    """Use the session, and return when it ends now."""
    return _end()


@blueprint.route("/account/preferences", methods=["GET", "POST"])
@signed_in
@posted_from(".account")
def save_preferences() -> ResponseReturnValue:
    """Save the preferences of the user."""
    self_service.save_preferences(the_session(), shortcuts="shortcuts" in request.form)
    flash("Your preferences are saved")
    return redirect(url_for(".account"), 303)


@blueprint.route("/clinic/switch", methods=["GET", "POST"])
@signed_in
@posted_from(".home")
def switch() -> ResponseReturnValue:
    """Switch to another clinic."""
    form = load_form(SwitchForm())
    if form.errors:
        raise NotFound("There is no such clinic")
    change_to(self_service.switch_clinic(the_session(), **form.data), same_person=True)
    flash(f"You are now in {the_session().clinic.name}")
    return redirect(url_for(".kept_form" if saved_form_service.latest_of(the_session()) else ".home"), 303)


def _end() -> ResponseReturnValue:
    end = the_session().end
    return jsonify(seconds=end.seconds, seconds_to_warning=end.seconds_to_warning, can_wait=end.can_wait)
