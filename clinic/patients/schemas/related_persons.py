"""The schemas of related persons, for JSON, forms and commands."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from clinic.patients.guardians import guardian_problem
from clinic.patients.related_rules import GUARDIAN, ROLES, person_problems
from clinic.patients.schemas.patient_fields import CONTACT, Phone
from clinic.patients.schemas.patient_text import PatientText
from clinic.patients.service import patient_service
from clinic.web.field_permissions import FieldPermissionSchema, requires_permission
from clinic.web.fields import Choice, Email, Line, Timestamp, id_messages


class RelatedPersonSchema(FieldPermissionSchema):
    """A related person of a patient: another patient, or a name with phone and email."""

    id = fields.UUID(dump_only=True)
    patient_id = fields.UUID(dump_only=True)
    other_id: fields.Field[Any] = fields.UUID(
        allow_none=True,
        data_key="other_patient_id",
        error_messages=id_messages("a patient"),
        metadata={"description": "another patient of the clinic, who then has name, phone and email"},
    )
    name = Line(metadata={"description": "the name of somebody who is no patient"})
    phone = requires_permission(CONTACT, Phone())
    email = requires_permission(CONTACT, Email())
    relationship = Line(max_length=100, metadata={"description": "in words: mother, neighbour"})
    roles = fields.List(
        Choice(*ROLES, required=True, what="a role"),
        error_messages=dict.fromkeys(("invalid", "null"), f"Enter a list of these: {', '.join(ROLES)}"),
        metadata={"description": "a guardian gets a minor's messages"},
    )
    ended_at = Timestamp(dump_only=True, allow_none=True)
    ended_by = fields.String(dump_only=True, allow_none=True)
    version = fields.Integer(dump_only=True, metadata={"minimum": 1})
    created_at = Timestamp(dump_only=True)
    updated_at = Timestamp(dump_only=True)

    @validates_schema(skip_on_field_errors=False, pass_original=True)
    def check_person(self, data: dict[str, Any], sent: Any, **options: Any) -> None:
        """Require a person and a role, even if other fields are invalid, so that all errors are returned at once."""
        if options.get("partial") or not isinstance(sent, Mapping):
            return
        given = {name: sent.get(name) for name in ("name", "phone", "email")}
        other = sent.get(self.fields["other_id"].data_key or "") or None
        if problems := person_problems(given | {"other_id": other}, self._roles(sent)):
            raise ValidationError(problems)

    def _roles(self, sent: Mapping[str, Any]) -> Any:
        return sent.get("roles")


class RelatedPersonForm(RelatedPersonSchema):
    """The form of a related person, with the number of the other patient, or what finds only that one."""

    other_id = PatientText(data_key="other", load_only=True)

    @post_load
    def fill(self, data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """Clear what is not given: a form has every field that the actor may see."""
        return {"other_id": None, "name": None, "relationship": None, "roles": [], **data}


class GuardianSchema(RelatedPersonSchema):
    """The guardian of a patient who is registered: another patient, or a name with phone and email."""

    class Meta:
        """Everybody in this place is a guardian."""

        fields = ("other_id", "name", "phone", "email", "relationship")

    def _roles(self, sent: Mapping[str, Any]) -> Any:
        return (GUARDIAN,)


class GuardianText(PatientText):
    """A guardian by a number, an id, or what finds only that patient; loaded as the id."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        patient_id = super()._deserialize(value, attr, data, **kwargs)
        if patient_id and (problem := guardian_problem(patient_service.get(patient_id))):
            raise ValidationError(problem)
        return patient_id


class GuardianForm(GuardianSchema):
    """The guardian in a form that registers a patient, with the number of a patient, or what finds only that one."""

    other_id = GuardianText(data_key="other", load_only=True)


_PREFIX = "guardian-"
"""The prefix of the guardian's fields in a form."""


def gather_guardian(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form with those of a guardian as one, `guardian`, which is left out if all are empty."""
    found = {name: value for name, value in typed.items() if not name.startswith(_PREFIX)}
    guardian = {name.removeprefix(_PREFIX): value for name, value in typed.items() if name.startswith(_PREFIX)}
    return found | ({"guardian": guardian} if any(str(value).strip() for value in guardian.values()) else {})
