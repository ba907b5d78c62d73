"""JSON endpoints of a patient's consent."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from clinic.core.audit import record_view
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.schemas.consent import (
    ConsentChangeSchema,
    ConsentEntrySchema,
    ConsentSchema,
    WithdrawalSchema,
    WithdrawnConsentSchema,
)
from clinic.patients.service import Consent, consent_service
from clinic.web.authorization import requires
from clinic.web.json_api import (
    ApiBlueprint,
    ListQuery,
    NothingSchema,
    after_cursor,
    handle_stale_version,
    list_schema,
    listed,
    optional_version,
    single,
)
from clinic.web.openapi import LIST_HEADERS, RECORD_HEADERS

blueprint = ApiBlueprint(
    "consent",
    __name__,
    path="patients",
    noun="consent",
    description="What patients agree to, for each purpose and channel, and the history of their answers",
)


def _get_and_record_view(patient_id: UUID) -> Consent:
    """Return a patient's consent, and record the view in the audit trail."""
    consent = consent_service.get(patient_id)
    record_view("consent_answers", None, patient_id)
    return consent


handle_stale_version(blueprint, _get_and_record_view, ConsentSchema)


@blueprint.get("/<uuid:patient_id>/consent")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.conditional()
@blueprint.response(200, ConsentSchema, headers=RECORD_HEADERS)
def show(patient_id: UUID) -> ResponseReturnValue:
    """Return what a patient agrees to, for each purpose and channel."""
    return single(_get_and_record_view(patient_id))


@blueprint.post("/<uuid:patient_id>/consent")
@requires("patients:write")
@blueprint.action(ConsentSchema, body=ConsentChangeSchema, required=True)
def record(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Record what a patient answered; only what changes is stored, and a no to what was allowed is a withdrawal."""
    return _changed(consent_service.record, patient_id, **fields)


@blueprint.post("/<uuid:patient_id>/consent/withdraw")
@requires("patients:write")
@blueprint.action(WithdrawnConsentSchema, body=WithdrawalSchema)
def withdraw(fields: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Record that a patient wants no message of any kind, by any channel; the body may be empty.

    A yes of a later day than `answered_on` goes on to hold, and is named in `kept`.
    """
    return _changed(consent_service.withdraw_all, patient_id, **fields)


@blueprint.post("/<uuid:patient_id>/consent/undo")
@requires("patients:write")
@blueprint.action(ConsentSchema, 409, body=NothingSchema)
def undo(_nothing: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """Restore what was on record before the latest change, within ten minutes; the body is empty."""
    return _changed(consent_service.undo, patient_id)


def _changed(change: Callable[..., Consent], patient_id: UUID, **fields: Any) -> ResponseReturnValue:
    """Change a patient's consent with a method of the service, and return it, with the view in the audit trail."""
    version = optional_version(consent_service.get)
    with unit_of_work():
        consent = change(patient_id, version=version, **fields)
        record_view("consent_answers", None, patient_id)
    return single(consent)


@blueprint.get("/<uuid:patient_id>/consent/history")
@requires("patients:read")
@blueprint.problems(404)
@blueprint.query(ListQuery)
@blueprint.response(200, list_schema(ConsentEntrySchema), headers=LIST_HEADERS)
def index_consent_answers(query: dict[str, Any], patient_id: UUID) -> ResponseReturnValue:
    """List a patient's answers, the latest first; what is on by registration is no answer."""
    after: Any = after_cursor(query)
    found = consent_service.history(patient_id, limit=query["limit"], after=after)
    record_view("consent_answers", None, patient_id)
    return listed(found)
