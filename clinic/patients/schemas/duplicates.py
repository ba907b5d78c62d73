"""The schemas of possible duplicates, for JSON and commands."""

from typing import Any

from marshmallow import Schema, fields, post_dump

from clinic.patients.duplicates.scoring import POSSIBLE
from clinic.patients.models.duplicates import NOT_DUPLICATE, TO_DECIDE
from clinic.patients.schemas.patient_fields import CONTACT, BirthDate
from clinic.patients.schemas.patients import PatientSchema
from clinic.web.field_permissions import requires_permission
from clinic.web.fields import Choice, Count, Email, Timestamp
from clinic.web.json_api import ListQuery

LIKELIHOODS = ("almost certain", "likely", "possible")
STATES = {TO_DECIDE: "To decide", NOT_DUPLICATE: "Not duplicates"}


class LikenessSchema(Schema):
    """How likely it is that two records are of one person."""

    score = fields.Integer(dump_only=True, metadata={"minimum": POSSIBLE, "maximum": 100})
    likelihood = fields.String(dump_only=True, metadata={"enum": list(LIKELIHOODS)})
    reasons = fields.List(fields.String(), dump_only=True)


class CandidateSchema(LikenessSchema):
    """Somebody on file who may be the same person."""

    patient_id = fields.UUID(dump_only=True, attribute="patient.id")
    mrn = fields.String(dump_only=True, attribute="patient.mrn")
    family_name = fields.String(dump_only=True, allow_none=True, attribute="patient.family_name")
    given_name = fields.String(dump_only=True, allow_none=True, attribute="patient.given_name")
    birth_date = fields.String(dump_only=True, allow_none=True, attribute="patient.birth_date")


class CandidateListSchema(Schema):
    """The people on file who may be the same person, the most likely first."""

    data = fields.List(fields.Nested(CandidateSchema), required=True)


class PersonSchema(Schema):
    """One of two patients."""

    patient_id = fields.UUID(dump_only=True, attribute="id")
    mrn = fields.String(dump_only=True)
    family_name = fields.String(dump_only=True, allow_none=True)
    given_name = fields.String(dump_only=True, allow_none=True)
    birth_date = fields.String(dump_only=True, allow_none=True)
    created_at = Timestamp(dump_only=True)


class DuplicateSchema(LikenessSchema):
    """Two patients who may be one person, and what was decided about them."""

    id = fields.UUID(dump_only=True)
    state = fields.String(dump_only=True, metadata={"enum": list(STATES)})
    patients = fields.List(fields.Nested(PersonSchema), dump_only=True, metadata={"minItems": 2, "maxItems": 2})
    found_at = Timestamp(dump_only=True)
    decided_at = Timestamp(dump_only=True, allow_none=True)
    decided_by = fields.String(dump_only=True, allow_none=True)


class DuplicatesQuery(ListQuery):
    """Query parameters of the list of possible duplicates."""

    state = Choice(*STATES, load_default=TO_DECIDE, allow_none=False)
    score = Count(
        least=POSSIBLE, most=100, load_default=POSSIBLE, metadata={"description": "the least score that is listed"}
    )
    patient_id = fields.UUID(
        error_messages=dict.fromkeys(("invalid", "invalid_uuid", "null"), "Enter the id of a patient"),
        metadata={"description": "one of the two patients"},
    )


class CandidatesQuery(PatientSchema):
    """What is known of a person who may be on file."""

    class Meta:
        """Only what is compared."""

        fields = ("family_name", "given_name", "preferred_name", "birth_date", "sex", "phone", "email", "address")

    birth_date = BirthDate(metadata={"pattern": None, "description": "YYYY-MM-DD, YYYY-MM or YYYY, or nothing"})
    email = requires_permission(
        CONTACT, Email(metadata={"format": None, "description": "an email address, or nothing"})
    )

    def check_named(self, data: dict[str, Any], **options: Any) -> None:
        """Take a query without a name: it finds nobody, or those of a birth date and a phone."""


class RegisteredPatientSchema(PatientSchema):
    """A new patient, with the people on file who may be the same person."""

    possible_duplicates = fields.List(
        fields.Nested(CandidateSchema),
        dump_only=True,
        metadata={"description": "who may be the same person; left out if there is nobody"},
    )

    @post_dump
    def omit_nobody(self, dumped: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Return what a later request for the patient returns, if nobody on file may be the same person."""
        if not dumped["possible_duplicates"]:
            del dumped["possible_duplicates"]
        return dumped
