"""The query of the list of patients."""

from clinic.web.fields import Choice
from clinic.web.json_api import SearchQuery


class PatientSearchQuery(SearchQuery):
    """Query parameters of the list of patients on pages; `archived` finds archived records too."""

    archived = Choice("1")
