"""The search index: what the service writes for each patient, and the rebuilding of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import bindparam, delete, select, tuple_

from clinic.core.db import db
from clinic.core.db.missing_rows import insert_missing
from clinic.core.db.orm_session import prepared
from clinic.core.tenancy import current_clinic_id
from clinic.core.text import digits, fold
from clinic.patients.merging.merged_records import merged_into
from clinic.patients.models import NameVariant, Patient, PatientToken, PatientTokens
from clinic.patients.rules import ACTIVE, MERGED
from clinic.patients.search.tokens import NAME, SearchableTexts, tokens_of, words_of
from clinic.patients.search.typing_errors import COMPARED, may_have_error, variants

_CLINIC_BITS = (1 << 62) - 1
_AT_ONCE = 500
"""Rows named by one statement."""

_UNSYNCHRONIZED = {"synchronize_session": False}

Row = TypeVar("Row")
Tokens = frozenset[str]
Key = tuple[int, int]
"""Partition and patient."""


def partition_of(*, on_request: bool = False) -> int:
    """Return the partition of the current clinic, or that of its records that are only found on request."""
    partition = current_clinic_id().int & _CLINIC_BITS
    return -partition if on_request else partition


def key_of(mrn: str) -> int:
    """Return the key of a patient in the index."""
    return -int(digits(mrn) or 0)


def sort_name_of(patient: Patient) -> str:
    """Return the sort key of a patient in lists by name."""
    return fold(" ".join(part for part in (patient.family_name, patient.given_name) if part))[:300]


def texts_of(patient: Patient, merged: Sequence[Patient] = ()) -> SearchableTexts:
    """Return the texts by which a patient is found: those of the lists of the record, too.

    Of the records that were merged into it these are the names and the numbers.
    """
    others = [name for one in merged for name in (one.family_name, one.given_name, *_further_names(one))]
    return SearchableTexts(
        family_name=patient.family_name,
        given_name=patient.given_name,
        names=_given(*_further_names(patient), *others),
        numbers=(patient.mrn, *(one.mrn for one in merged)),
        birth_dates=_given(patient.birth_date),
        phones=tuple(patient.phones),
        emails=tuple(patient.emails),
        identifiers=_given(*(one.value for one in patient.identifiers)),
    )


def _further_names(patient: Patient) -> list[str | None]:
    former = (name for one in patient.former_names for name in (one.family_name, one.given_name))
    return [patient.preferred_name, *former]


def index_patients(patients: Sequence[Patient], *, new: bool = False, all_words: bool = False) -> int:
    """Write the tokens of patients, in the open unit of work; return how many of them had others before.

    A merged record has none: its names and its number lead to the one that remains. Of `new` patients, under numbers
    that nobody had, the index has nothing. With `all_words` variants are stored of those words, too, that a patient had
    before: on PostgreSQL they are lost if a word's last patient loses it meanwhile.
    """
    present = [patient for patient in patients if patient.state != MERGED]
    merged = merged_into(present)
    wanted = {
        (_partition_of(patient), key_of(patient.mrn)): tokens_of(texts_of(patient, merged.get(patient.id, ())))
        for patient in present
    }
    known = {} if new else _known((_partition_of(patient), key_of(patient.mrn)) for patient in patients)
    changed = {key: tokens for key, tokens in wanted.items() if known.get(key) != tokens}
    stale = {key: tokens for key, tokens in known.items() if wanted.get(key) != tokens}
    gone = {key: tokens - wanted.get(key, frozenset()) for key, tokens in stale.items()}
    added = {key: tokens - known.get(key, frozenset()) for key, tokens in changed.items()}
    _delete(gone, stale)
    _add(added, changed)
    _learn_words(wanted if all_words else added)
    return len(changed)


def _partition_of(patient: Patient) -> int:
    """Return the partition of a patient: records that are not active are only found on request."""
    return partition_of(on_request=patient.state != ACTIVE)


def _known(wanted: Iterable[Key]) -> dict[Key, Tokens]:
    """Return the tokens that the index has of patients, in either partition."""
    numbers = {number for _, number in wanted}
    both = (partition_of(), partition_of(on_request=True))
    stored = select(PatientTokens.partition, PatientTokens.patient, PatientTokens.tokens)
    rows = db.session.execute(stored.where(PatientTokens.partition.in_(both), PatientTokens.patient.in_(numbers)))
    return {(partition, patient): frozenset(tokens.split()) for partition, patient, tokens in rows}


def _delete(gone: Mapping[Key, Tokens], stale: Iterable[Key]) -> None:
    rows = [(partition, token, patient) for (partition, patient), tokens in gone.items() for token in tokens]
    key = tuple_(PatientToken.partition, PatientToken.token, PatientToken.patient)
    for some in _batches(rows):
        db.session.execute(delete(PatientToken).where(key.in_(some)), execution_options=_UNSYNCHRONIZED)
    pair = tuple_(PatientTokens.partition, PatientTokens.patient)
    for keys in _batches(list(stale)):
        db.session.execute(delete(PatientTokens).where(pair.in_(keys)), execution_options=_UNSYNCHRONIZED)
    for partition in {partition for partition, _, _ in rows}:
        _forget_words(partition, words_of({token for owner, token, _ in rows if owner == partition}))


def _add(added: Mapping[Key, Tokens], changed: Mapping[Key, Tokens]) -> None:
    insert_missing(
        PatientToken,
        [
            {"partition": partition, "token": token, "patient": patient}
            for (partition, patient), tokens in added.items()
            for token in sorted(tokens)
        ],
    )
    insert_missing(
        PatientTokens,
        [
            {"partition": partition, "patient": patient, "tokens": joined(tokens)}
            for (partition, patient), tokens in changed.items()
        ],
    )


def joined(tokens: Iterable[str]) -> str:
    """Return tokens as a row has them all: between spaces."""
    return f" {' '.join(sorted(tokens))} "


def _learn_words(tokens: Mapping[Key, Tokens]) -> None:
    """Store the variants of the words among tokens that have none yet."""
    for partition in {partition for partition, _ in tokens}:
        _store_variants(
            partition, {word for key, some in tokens.items() if key[0] == partition for word in words_of(some)}
        )


_WORDS = prepared(
    select(NameVariant.word).where(
        NameVariant.partition == bindparam("partition"),
        NameVariant.variant.in_(bindparam("beginnings", expanding=True)),
        NameVariant.word.in_(bindparam("words", expanding=True)),
    )
)


def _store_variants(partition: int, words: Iterable[str]) -> None:
    long = {word for word in words if may_have_error(word)}
    known: set[str] = set()
    for some in _batches(sorted(long)):
        wanted = {"partition": partition, "beginnings": list({word[:COMPARED] for word in some}), "words": some}
        known |= {*db.session.scalars(_WORDS, wanted)}
    insert_missing(
        NameVariant,
        [
            {"partition": partition, "variant": variant, "word": word}
            for word in sorted(long - known)
            for variant in sorted(variants(word))
        ],
    )


def _forget_words(partition: int, words: Iterable[str]) -> None:
    """Delete the variants of words that no patient has any more."""
    for some in _batches(sorted(word for word in words if may_have_error(word))):
        used = select(PatientToken.token).distinct()
        used = used.where(PatientToken.partition == partition, PatientToken.token.in_([NAME + word for word in some]))
        unused = {*some} - {token[1:] for token in db.session.scalars(used)}
        for word in unused:
            of_word = [NameVariant.partition == partition, NameVariant.variant.in_(variants(word))]
            db.session.execute(
                delete(NameVariant).where(*of_word, NameVariant.word == word), execution_options=_UNSYNCHRONIZED
            )


def _batches(rows: Sequence[Row]) -> list[Sequence[Row]]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]


def _given(*texts: str | None) -> tuple[str, ...]:
    return tuple(text for text in texts if text)
