"""Patients, the lists of their records, notes, related persons, search index, consent, and who may be one person."""

from clinic.patients.models.consent import ConsentAnswer
from clinic.patients.models.details import PatientDetail
from clinic.patients.models.duplicates import DuplicateCheck, DuplicatePair, PatientKey
from clinic.patients.models.merges import PatientMerge
from clinic.patients.models.notes import PatientNote
from clinic.patients.models.patients import Patient
from clinic.patients.models.recalls import Recall
from clinic.patients.models.related_persons import RelatedPerson
from clinic.patients.models.search import NameVariant, PatientToken, PatientTokens

__all__ = [
    "ConsentAnswer",
    "DuplicateCheck",
    "DuplicatePair",
    "NameVariant",
    "Patient",
    "PatientDetail",
    "PatientKey",
    "PatientMerge",
    "PatientNote",
    "PatientToken",
    "PatientTokens",
    "Recall",
    "RelatedPerson",
]
