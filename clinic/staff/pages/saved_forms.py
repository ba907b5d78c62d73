"""Pages of saved forms: resuming the latest one, discarding one."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from clinic.identity.saved_forms import saved_form_service
from clinic.staff.pages.blueprint import blueprint
from clinic.web.authentication import current_session, find_session
from clinic.web.authorization import login_required
from clinic.web.forms import posted_from
from clinic.web.request_hooks import is_api
from clinic.web.saved_forms import sent_saved_form_id


@blueprint.get("/kept")
@login_required
def saved_form() -> ResponseReturnValue:
    """Redirect to the form that was saved last, filled in as it was typed."""
    saved = saved_form_service.find_latest(current_session())
    return redirect(f"{saved.address}?saved=1" if saved else url_for(".home"))


@blueprint.route("/kept/discard", methods=["GET", "POST"])
@login_required
@posted_from(".saved_form")
def discard_saved_form() -> ResponseReturnValue:
    """Discard a saved form, which `forget_saved_form` has done, and redirect to the next one."""
    return redirect(url_for(".saved_form"), 303)


@blueprint.before_app_request
def forget_saved_form() -> None:
    """Forget a saved form when it is sent again or discarded."""
    if request.method != "POST" or is_api():
        return  # the API reads its bodies itself
    form_id, session = sent_saved_form_id(), find_session()
    if form_id and session:
        saved_form_service.delete(session, form_id)
