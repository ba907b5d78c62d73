"""What a merged record says: which of two values is kept of each field, and which contacts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clinic.patients.models import Patient, PatientDetail
from clinic.patients.models.details import ADDRESS, EMAIL, PHONE
from clinic.patients.rules import ACTIVE

SURVIVOR, MERGED = "survivor", "merged"
SIDES = (SURVIVOR, MERGED)

SINGLE: Mapping[str, Sequence[str]] = {
    "family_name": ("family_name",),
    "given_name": ("given_name",),
    "preferred_name": ("preferred_name",),
    "birth_date": ("birth_date", "estimated_age", "age_on"),
    "sex": ("sex",),
    "pronouns": ("pronouns",),
    "language": ("language",),
    "deceased_on": ("deceased_on",),
}
"""The fields of which one value is kept, with the columns that belong to it."""

SEVERAL = {"phone": PHONE, "email": EMAIL, "address": ADDRESS}
"""The fields of which both values may be kept, with the kind of the further ones."""

_UNKNOWN = {"sex": "unknown"}


@dataclass(frozen=True)
class Choices:
    """What somebody chose: a side of single fields, the sides to keep of others; what is left out is as by default."""

    fields: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparedField:
    """A field of both records, the sides that are kept, and whether both may be."""

    name: str
    survivor: Any
    merged: Any
    kept: tuple[str, ...]
    several: bool = False

    @property
    def differs(self) -> bool:
        """Whether both records have a value, and not the same one."""
        return self.survivor is not None and self.merged is not None and self.survivor != self.merged


def compare_fields(survivor: Patient, merged: Patient, choices: Choices) -> list[ComparedField]:
    """Return every field of both records, with the sides that are kept."""
    single = [
        ComparedField(name, _value(survivor, name), _value(merged, name), (_side(survivor, merged, name, choices),))
        for name in SINGLE
    ]
    several = [
        ComparedField(name, _value(survivor, name), _value(merged, name), _sides(survivor, merged, name, choices), True)
        for name in SEVERAL
    ]
    return single + several


def new_values(survivor: Patient, merged: Patient, choices: Choices) -> dict[str, Any]:
    """Return the columns that the survivor gets; it is active if one of the two was."""
    values: dict[str, Any] = {}
    if merged.state == ACTIVE != survivor.state:
        values["state"] = ACTIVE
    for compared in compare_fields(survivor, merged, choices):
        side = compared.kept[0] if compared.kept else None
        source = merged if side == MERGED else survivor
        columns = SINGLE.get(compared.name) or (compared.name, f"{compared.name}_use")
        for column in columns:
            value = getattr(source, column) if side else None
            if value != getattr(survivor, column):
                values[column] = value
    return values


def further_contacts(survivor: Patient, merged: Patient, choices: Choices) -> list[PatientDetail]:
    """Return the rows of the contacts that are kept beside the ones in use."""
    rows = []
    for name, kind in SEVERAL.items():
        if _sides(survivor, merged, name, choices) != SIDES or _value(survivor, name) == _value(merged, name):
            continue
        value, known = getattr(merged, name), {one.value for one in survivor.details_of(kind)}
        if value is not None and value not in known:
            use = getattr(merged, f"{name}_use")
            rows.append(PatientDetail(kind=kind, position=len(known), value=value, use=use, patient_id=survivor.id))
    return rows


def _value(patient: Patient, name: str) -> Any:
    """Return the value of a field as it is compared, None if it is unknown."""
    if name == "birth_date" and patient.birth_date is None:
        return None if patient.estimated_age is None else f"{patient.estimated_age} on {patient.age_on}"
    value = getattr(patient, name)
    return None if value == _UNKNOWN.get(name, "") else value


def _side(survivor: Patient, merged: Patient, name: str, choices: Choices) -> str:
    """Return the chosen side of a single field; by default the survivor's, unless only the other has a value.

    A day of death holds over none, whatever is chosen, so that no message goes to somebody who has died.
    """
    default = MERGED if _value(survivor, name) is None and _value(merged, name) is not None else SURVIVOR
    if name == "deceased_on" and None in (survivor.deceased_on, merged.deceased_on):
        return default
    return choices.fields.get(name, default)


def _sides(survivor: Patient, merged: Patient, name: str, choices: Choices) -> tuple[str, ...]:
    """Return the sides of a field that are kept, by default both; the first one that has a value is used."""
    wanted = choices.keep.get(name, SIDES)
    values = {SURVIVOR: _value(survivor, name), MERGED: _value(merged, name)}
    return tuple(side for side in SIDES if side in wanted and values[side] is not None)
