"""The part of PatientService that finds patients."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy import Select, and_, or_, select

from clinic.core.audit import record_listing
from clinic.core.context import current_actor
from clinic.core.db import db
from clinic.core.db.pagination import DEFAULT_LIMIT, Page
from clinic.core.text import fold, is_storable
from clinic.patients.errors import PatientNotFound, SeveralPatients
from clinic.patients.merging.merged_records import merged_into, survivor_of
from clinic.patients.models import Patient
from clinic.patients.rules import parse_record_number
from clinic.patients.search.matches import Key, Match, find_matches, read_query, recently_seen
from clinic.patients.search.reindex import Reindexed, reindex
from clinic.patients.search.terms import Term

MOST_CANDIDATES = 10


class PatientSearch:
    """The search of patients, by a number or by what is known of them."""

    def identify(self, number: str) -> Patient:
        """Return the patient of a medical record number, with or without prefix and zeros, or of an id.

        Those of a merged record lead to the one that remains.

        :raises PatientNotFound: if there is none
        """
        if not is_storable(number):
            raise PatientNotFound
        try:
            patient = db.session.get(Patient, UUID(number))
        except ValueError:
            patient = db.session.scalar(select(Patient).where(Patient.mrn == parse_record_number(number)))
        if patient is None:
            raise PatientNotFound
        return survivor_of(patient)

    def choose(self, text: str) -> Patient:
        """Return the patient of a number or an id, or the only one whom a search finds exactly.

        :raises PatientNotFound: if there is none
        :raises SeveralPatients: if it takes a choice; it names the candidates, which is recorded as a list of them
        """
        with suppress(PatientNotFound):
            return self.identify(text)
        if not current_actor().has_permission("patients:read"):
            raise PatientNotFound
        found = self.find_matches(text, limit=MOST_CANDIDATES)
        exact = [match.patient for match in found.rows if not match.almost]
        if not found.rows:
            raise PatientNotFound
        if len(exact) == 1:
            return exact[0]
        candidates = exact or [match.patient for match in found.rows]
        record_listing("patients", (patient.id for patient in candidates))
        listed = "; ".join(f"{patient.mrn} {patient.full_name}" for patient in candidates)
        reason = "Several patients match" if exact else "Nobody has exactly this name"
        raise SeveralPatients(
            f"{reason}, give a number: {listed}{' …' if exact and found.next_key else ''}", candidates
        )

    def search(
        self, query: str, *, limit: int = DEFAULT_LIMIT, after: Key | None = None, archived: bool = False
    ) -> Page[Patient]:
        """Return the patients who match a query, the best match first, as `find_matches`."""
        found = self.find_matches(query, limit=limit, after=after, archived=archived)
        return Page([match.patient for match in found.rows], found.next_key)

    def find_matches(
        self,
        query: str,
        *,
        limit: int = DEFAULT_LIMIT,
        after: Key | None = None,
        archived: bool = False,
        recent_first: bool = False,
    ) -> Page[Match]:
        """Return the patients who have each term of a query: a number, a whole name, then what begins so, then typos.

        Terms are parts of names in any order and spelling, a birth date, either end of a phone number, a record number,
        an identifier or an email. Contact details are not searched for actors who may not see them: they could be
        guessed digit by digit. Archived patients are found only if that is asked for. With `recent_first`, the first
        page begins, of equally good matches, with those whom the current actor has viewed lately. The names and the
        number of a merged record find the one that remains.
        """
        recent = recently_seen() if recent_first and not after else ()
        return find_matches(read_query(query), limit=limit, after=after, archived=archived, recent=recent)

    def find_by_terms(self, terms: Sequence[Term], *, limit: int) -> Page[Match]:
        """Return the first patients who match terms, as `find_matches`."""
        return find_matches(terms, limit=limit)

    def ids_of_text(self, text: str) -> Select[UUID]:
        """Select the ids of the patients of a record number, or with each word of a text in their names.

        Unlike a search it selects all of them, and takes the words as they are: a filter of the lists of other records.
        """
        is_named = and_(*(Patient.sort_name.contains(word, autoescape=True) for word in fold(text).split()))
        number = parse_record_number(text)
        return select(Patient.id).where(is_named if number is None else or_(is_named, Patient.mrn == number))

    def merged_into(self, patients: Sequence[Patient]) -> Mapping[UUID, Sequence[Patient]]:
        """Return by the ids of patients the records that were merged into them, in one query if there are any."""
        return merged_into(patients)

    def reindex(self, *, batch: int = 500) -> Iterator[Reindexed]:
        """Rebuild the search index of the current clinic, a unit of work for each batch, and yield the progress.

        What is written meanwhile is kept; stopped anywhere, the index stays complete, and a new run goes over it again.
        """
        return reindex(batch)
