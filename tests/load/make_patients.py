"""Reproducible synthetic patients, up to a million, stored and indexed past the service.

`python tests/load/make_patients.py 100000 [--clinic NAME] [--seed 1]`

They are stored in the database that the settings name (CLINIC_DATABASE_URL, CLINIC_INSTANCE_PATH), in a clinic that
`flask init` has set up, behind the patients that it has. Names are of many languages; families share a phone and an
email; every fiftieth person resembles an earlier one: the same name, day and month swapped or a letter wrong. Their
events are not published and nothing is audited: never use it on a clinic's own database.
"""

import argparse
import random
import sys
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate, islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic import create_app
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.db.sequences import Counter
from clinic.core.ids import new_id
from clinic.core.tenancy import clinic_scope
from clinic.core.text import fold
from clinic.identity.clinics import clinic_service
from clinic.patients.models import NameVariant, Patient, PatientToken, PatientTokens
from clinic.patients.rules import medical_record_number
from clinic.patients.search.index import joined, partition_of
from clinic.patients.search.tokens import SearchableTexts, tokens_of, words_of
from clinic.patients.search.typing_errors import may_have_error, variants
from tests.load.names_of_the_world import GIVEN_AND_FAMILY, SYLLABLES

MOST = 1_000_000
TODAY = date(2026, 11, 28)
BATCH = 20_000


@dataclass(frozen=True)
class Person:
    """A synthetic patient."""

    family_name: str
    given_name: str
    birth_date: str
    sex: str
    phone: str | None
    email: str | None


def people(count: int, seed: int = 1) -> Iterator[Person]:
    """Yield people; the same for the same seed, and more of them for a larger count."""
    chance, families, earlier = random.Random(seed), _Names(), list[Person]()
    for number in range(count):
        if earlier and number % 50 == 49:
            person = _resembling(chance.choice(earlier), chance)
        elif earlier and chance.random() < 0.15:
            person = _relative(earlier[-1], families, chance)
        else:
            person = _stranger(families, chance)
        earlier = [*earlier[-200:], person]
        yield person


class _Names:
    """Names by language, the frequent ones more often (Zipf's law)."""

    def __init__(self) -> None:
        self.languages = list(GIVEN_AND_FAMILY)
        self.pools = {language: [names.split() for names in both] for language, both in GIVEN_AND_FAMILY.items()}
        self.weights = {
            size: list(accumulate(1 / rank**0.8 for rank in range(1, size + 1)))
            for size in {len(pool) for both in self.pools.values() for pool in both} | {len(self.languages)}
        }
        self.syllables = SYLLABLES.split()

    def language(self, chance: random.Random) -> str:
        return self._pick(self.languages, chance)

    def given(self, language: str, chance: random.Random) -> str:
        pool = self.pools[language][0]
        first = self._pick(pool, chance)
        return f"{first} {self._pick(pool, chance)}" if chance.random() < 0.25 and language not in {"zh"} else first

    def family(self, language: str, chance: random.Random) -> str:
        pool = self.pools[language][1]
        if chance.random() < 0.3 and language not in {"zh", "hi", "ru", "el"}:
            return "".join(chance.choice(self.syllables) for _ in range(chance.choice((3, 3, 4)))).capitalize()
        name = self._pick(pool, chance)
        double = {"pt": 0.6, "es": 0.9}.get(language, 0.05)
        return f"{name} {self._pick(pool, chance)}" if chance.random() < double else name

    def _pick(self, pool: Sequence[str], chance: random.Random) -> str:
        weights = self.weights[len(pool)]
        return pool[bisect(weights, chance.random() * weights[-1])]


def _stranger(names: _Names, chance: random.Random) -> Person:
    language = names.language(chance)
    family, given = names.family(language, chance), names.given(language, chance)
    born = TODAY - timedelta(days=int(chance.betavariate(1.3, 1.6) * 98 * 365))
    mail = f"{fold(given).split()[0]}.{fold(family).split()[-1]}{chance.randrange(1000)}@example.org"
    return Person(
        family_name=family,
        given_name=given,
        birth_date=f"{born:%Y-%m-%d}" if chance.random() > 0.01 else f"{born:%Y}",
        sex=chance.choice(("female", "male")),
        phone=_phone(chance) if chance.random() > 0.05 else None,
        email=mail if chance.random() < 0.7 else None,
    )


def _relative(person: Person, names: _Names, chance: random.Random) -> Person:
    """Return somebody who shares family name, phone and email with another."""
    language = names.language(chance)
    born = TODAY - timedelta(days=chance.randrange(18 * 365))
    return replace(person, given_name=names.given(language, chance), birth_date=f"{born:%Y-%m-%d}")


def _resembling(person: Person, chance: random.Random) -> Person:
    """Return the same person as a hurried desk would register them again."""
    year, _, rest = person.birth_date.partition("-")
    month, _, day = rest.partition("-")
    swapped = f"{year}-{day}-{month}" if day and day <= "12" else person.birth_date
    at = chance.randrange(len(person.family_name))
    wrong = person.family_name[:at] + person.family_name[at + 1 :]
    kind = chance.randrange(3)
    return replace(
        person,
        family_name=wrong if kind == 0 and len(wrong) > 3 else person.family_name,
        birth_date=swapped if kind == 1 else person.birth_date,
        phone=_phone(chance) if kind == 2 else person.phone,
    )


def _phone(chance: random.Random) -> str:
    return chance.choice(("+35191", "+35193", "+35196", "+35121", "+34605")) + f"{chance.randrange(10**7):07d}"[:7]


def fill(count: int, seed: int = 1) -> None:
    """Store people in the current clinic behind its patients, with their tokens, and count on from them."""
    clinic_id = clinic_service.current().id
    first = db.session.scalar(select(Counter.value).where(Counter.clinic_id == clinic_id, Counter.series == "patient"))
    db.session.commit()
    with db.engine.begin() as connection:
        loader = _PostgreSQL(connection) if connection.dialect.name == "postgresql" else _SQLite(connection)
        loader.begin()
        words: set[str] = set()
        numbered = enumerate(people(count, seed), start=(first or 0) + 1)
        while batch := list(islice(numbered, BATCH)):
            words |= _store(loader, batch, clinic_id)
        loader.insert(NameVariant, _variant_rows(words))
        loader.end()
        connection.execute(delete(Counter).where(Counter.clinic_id == clinic_id, Counter.series == "patient"))
        connection.execute(insert(Counter).values(clinic_id=clinic_id, series="patient", value=(first or 0) + count))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("patients", "patient_tokens", "patient_token_sets", "patient_name_variants"):
            connection.exec_driver_sql(
                f"{'VACUUM ANALYZE' if db.engine.dialect.name == 'postgresql' else 'ANALYZE'} {table}"
            )


def _store(loader: Any, batch: Sequence[tuple[int, Person]], clinic_id: UUID) -> set[str]:
    """Store a batch of people; return the words of their names."""
    partition, moment = partition_of(), now()
    patients, tokens, sets, words = [], [], [], set[str]()
    for number, person in batch:
        found = tokens_of(texts_of(number, person))
        words |= words_of(found)
        tokens += [(partition, token, -number) for token in found]
        sets.append((partition, -number, joined(found)))
        patients.append(_patient_row(number, person, clinic_id, moment))
    loader.insert(Patient, patients)
    loader.insert(PatientToken, tokens)
    loader.insert(PatientTokens, sets)
    return words


def texts_of(number: int, person: Person) -> SearchableTexts:
    """Return the texts by which a person is found."""
    return SearchableTexts(
        family_name=person.family_name,
        given_name=person.given_name,
        numbers=(medical_record_number(number),),
        birth_dates=(person.birth_date,),
        phones=(person.phone,) if person.phone else (),
        emails=(person.email,) if person.email else (),
    )


def _patient_row(number: int, person: Person, clinic_id: UUID, moment: Any) -> dict[str, Any]:
    sort_name = fold(f"{person.family_name} {person.given_name}")
    return vars(person) | {
        "id": new_id(),
        "clinic_id": clinic_id,
        "mrn": medical_record_number(number),
        "sort_name": sort_name,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }


def _variant_rows(words: Iterable[str]) -> list[tuple[int, str, str]]:
    partition = partition_of()
    long = sorted(word for word in words if may_have_error(word))
    return [(partition, variant, word) for word in long for variant in sorted(variants(word))]


class _SQLite:
    """Rows into SQLite: those of the index through a sorted copy, as its tables are ordered by their keys."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def begin(self) -> None:
        self.connection.exec_driver_sql("CREATE TEMP TABLE loaded_tokens (partition, token, patient)")

    def insert(self, model: Any, rows: Sequence[Any]) -> None:
        if model is Patient:
            self.connection.execute(insert(Patient), rows)
            return
        table = "loaded_tokens" if model is PatientToken else model.__tablename__
        places = ", ".join("?" * len(rows[0])) if rows else ""
        if rows:
            self.connection.exec_driver_sql(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)

    def end(self) -> None:
        self.connection.exec_driver_sql(
            "INSERT INTO patient_tokens (partition, token, patient) SELECT * FROM loaded_tokens ORDER BY 1, 2, 3"
        )
        self.connection.exec_driver_sql("DROP TABLE loaded_tokens")


class _PostgreSQL:
    """Rows into PostgreSQL by COPY; the keys of the index are built afterwards."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def begin(self) -> None:
        for table in ("patient_tokens", "patient_token_sets"):
            self.connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}")

    def insert(self, model: Any, rows: Sequence[Any]) -> None:
        names = [column.name for column in model.__table__.columns]
        if rows and isinstance(rows[0], dict):
            names = list(rows[0])
            rows = [tuple(row.values()) for row in rows]
        driver: Any = self.connection.connection.dbapi_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {model.__tablename__} ({', '.join(names)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def end(self) -> None:
        for table, key in {
            "patient_tokens": "partition, token, patient",
            "patient_token_sets": "partition, patient",
        }.items():
            self.connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT pk_{table} PRIMARY KEY ({key})")


def main() -> None:
    """Fill a clinic and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patients", type=int, help=f"at most {MOST}")
    parser.add_argument("--clinic", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 0 < options.patients <= MOST:
        parser.error(f"1 to {MOST} patients")
    began = perf_counter()
    app = create_app()
    with app.app_context():
        clinic_id = clinic_service.resolve(options.clinic)
        with clinic_scope(clinic_id):
            fill(options.patients, options.seed)
    print(f"{options.patients} patients in {perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
