"""A patient who is named by a text, as every form takes it."""

from typing import Any

from marshmallow import ValidationError

from clinic.patients.service import PatientNotFound, SeveralPatients, patient_service
from clinic.web.fields import Line

NOBODY_MATCHES = "No patient matches: enter a patient number or a name"


class PatientText(Line):
    """A patient by a number, an id, or what finds only that one; loaded as the id.

    If there are several, the error names them, which is recorded as a list of them.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return patient_service.choose(text).id if text else None
        except PatientNotFound as error:
            raise ValidationError(NOBODY_MATCHES) from error
        except SeveralPatients as error:
            raise ValidationError(error.message) from error
