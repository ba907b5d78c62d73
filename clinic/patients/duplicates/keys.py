"""Keys by which candidates are found without comparing all patients: two who may be one person share at least one.

A key is stored as a hash of 64 bits; the few pairs of others that have the same one are sorted out by their score.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import combinations
from uuid import UUID

from sqlalchemy import delete, select

from clinic.core.db import db
from clinic.patients.duplicates.facts import facts_of, facts_of_all
from clinic.patients.duplicates.names import has_sound, sound_of
from clinic.patients.duplicates.scoring import PersonFacts
from clinic.patients.models import Patient, PatientKey

MOST_WORDS = 5
"""Words of a name that count for its keys."""


def keys_of(facts: PersonFacts) -> frozenset[int]:
    """Return the keys of a person."""
    return frozenset(_hash(text) for text in _texts(facts))


def store_keys(patients: Collection[Patient], *, new: bool = False) -> Mapping[UUID, frozenset[int]]:
    """Update the keys of patients in the open unit of work, and return them by patient; `new` ones have none yet."""
    facts_by_id = {patient.id: facts_of(patient) for patient in patients} if new else facts_of_all(patients)
    wanted = {patient_id: keys_of(facts) for patient_id, facts in facts_by_id.items()}
    known = {} if new else _stored_keys(wanted)
    for patient_id, keys in wanted.items():
        if gone := known.get(patient_id, set()) - keys:
            of_patient = PatientKey.patient_id == patient_id
            db.session.execute(delete(PatientKey).where(of_patient, PatientKey.key.in_(gone)))
        added = sorted(keys - known.get(patient_id, set()))
        db.session.add_all([PatientKey(patient_id=patient_id, key=key) for key in added])
    db.session.flush()
    return wanted


def _stored_keys(patient_ids: Iterable[UUID]) -> Mapping[UUID, set[int]]:
    known: dict[UUID, set[int]] = {}
    stored = select(PatientKey.patient_id, PatientKey.key).where(PatientKey.patient_id.in_(patient_ids))
    for patient_id, key in db.session.execute(stored):
        known.setdefault(patient_id, set()).add(key)
    return known


def _texts(facts: PersonFacts) -> Iterator[str]:
    """Return what is hashed.

    Names: all sounds, each two of them with the year, all with day and month; the birth date with each sound.
    """
    yield from (f"phone {phone}" for phone in facts.phones)
    yield from (f"email {email}" for email in facts.emails)
    yield from (f"identifier {identifier}" for identifier in facts.identifiers)
    for name in facts.names:
        sounds = sorted({sound_of(word) if has_sound(word) else word for word in name.words})[:MOST_WORDS]
        yield from _texts_of_name(sounds, facts.birth_date or "")


def _texts_of_name(sounds: list[str], birth_date: str) -> Iterator[str]:
    whole = " ".join(sounds)
    yield f"name {whole}"
    year, *rest = birth_date.split("-")
    if year:
        yield from (f"year {year} {' '.join(two)}" for two in combinations(sounds, min(2, len(sounds))))
    if rest:
        yield f"day {'-'.join(sorted(rest))} {whole}"
    if len(rest) > 1:
        yield from (f"birth {birth_date} {sound}" for sound in sounds)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), signed=True)
