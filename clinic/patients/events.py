"""The events that the register of patients publishes."""

from clinic.core.events.types import declare_event

PATIENT_CREATED = declare_event(
    "patient.created",
    "patient_id",
    "clinic_id",
    published_by="PatientService.create",
    when="a patient was registered",
)
PATIENT_UPDATED = declare_event(
    "patient.updated",
    "patient_id",
    published_by="PatientService.update",
    when="the record of a patient was changed, or a death recorded",
)
PATIENT_ARCHIVED = declare_event(
    "patient.archived",
    "patient_id",
    published_by="PatientService.archive",
    when="a patient's record was archived",
)
PATIENT_RESTORED = declare_event(
    "patient.restored",
    "patient_id",
    published_by="PatientService.restore",
    when="an archived record was restored",
)

PATIENT_MERGED = declare_event(
    "patient.merged",
    "patient_id",
    "merged_patient_id",
    published_by="MergeService.merge",
    when="a record was merged into another one, the patient's",
)
PATIENT_UNMERGED = declare_event(
    "patient.unmerged",
    "patient_id",
    "merged_patient_id",
    published_by="MergeService.unmerge",
    when="a merge was undone",
)

EVENTS = (PATIENT_CREATED, PATIENT_UPDATED, PATIENT_ARCHIVED, PATIENT_RESTORED, PATIENT_MERGED, PATIENT_UNMERGED)
