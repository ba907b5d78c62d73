"""The page of possible duplicates: pairs to decide, and what was decided."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.modules import list_badges
from clinic.identity.actor_names import actor_names
from clinic.patients.duplicates.scoring import ALMOST_CERTAIN, LIKELY, POSSIBLE
from clinic.patients.models.duplicates import TO_DECIDE
from clinic.patients.pages.blueprint import blueprint
from clinic.patients.schemas.duplicates import STATES, DuplicatesQuery
from clinic.patients.service import DUPLICATES, duplicate_service, merge_service
from clinic.web.authorization import requires
from clinic.web.forms import posted_from
from clinic.web.idempotency import idempotent
from clinic.web.list_views import next_url, parse_list_query
from clinic.web.toasts import flash_with_undo

PAGE = 20
SCORES = {POSSIBLE: "50 (all)", LIKELY: "70 (likely)", ALMOST_CERTAIN: "90 (almost certain)"}


@blueprint.get("/duplicates")
@requires("patients:write")
def duplicates() -> ResponseReturnValue:
    """List the pairs of patients who may be one person, the most likely first."""
    filters, after = parse_list_query(DuplicatesQuery(only=("state", "score", "cursor")))
    state, score = filters["state"], filters["score"]
    found = duplicate_service.list(state=state, min_score=score, limit=PAGE, after=after)
    record_listing("patients", (patient.id for pair in found.rows for patient in pair.patients))
    shown = {patient.id for pair in found.rows for patient in pair.patients}
    return render_template(
        "patients/duplicates.html",
        columns=[column for one in list_badges(DUPLICATES, sorted(shown)) for column in one.columns],
        found=found,
        filters=filters,
        states=STATES,
        counts=duplicate_service.counts(min_score=score),
        scores=SCORES,
        names=actor_names(pair.decided_by for pair in found.rows if pair.decided_by),
        merged=merge_service.count() if current_actor().has_permission("patients:merge") else None,
        running=duplicate_service.running_check(),
        checked=duplicate_service.last_check(),
        next_url=next_url(found, filters),
    )


@blueprint.route("/duplicates/check", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".duplicates")
@idempotent
def check_duplicates() -> ResponseReturnValue:
    """Begin to compare all patients; a worker goes on with it."""
    duplicate_service.start_check()
    return redirect(url_for(".duplicates"), 303)


@blueprint.route("/duplicates/<uuid:pair_id>/dismissal", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".duplicates")
@idempotent
def dismiss_duplicate(pair_id: UUID) -> ResponseReturnValue:
    """Record that two patients are two people."""
    found = duplicate_service.dismiss(pair_id)
    text = f"{found.first.mrn} and {found.second.mrn} are two people."
    flash_with_undo(text, url_for(".reopen_duplicate", pair_id=pair_id))
    return redirect(_list_url(), 303)


@blueprint.route("/duplicates/<uuid:pair_id>/reopening", methods=["GET", "POST"])
@requires("patients:write")
@posted_from(".duplicates")
@idempotent
def reopen_duplicate(pair_id: UUID) -> ResponseReturnValue:
    """Take back that two patients are two people."""
    found = duplicate_service.reopen(pair_id)
    flash(f"{found.first.mrn} and {found.second.mrn} are to be decided about again")
    return redirect(_list_url(), 303)


def _list_url() -> str:
    """Return the URL of the list from which a button was pressed."""
    given: dict[str, Any] = {name: value for name in ("state", "score") if (value := request.form.get(name))}
    known = given.get("state", TO_DECIDE) in STATES and given.get("score", str(POSSIBLE)) in map(str, SCORES)
    return url_for(".duplicates", **(given if known else {}))
