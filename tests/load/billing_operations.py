"""Random operations on the books of three clinics, in EUR, JPY and KWD, compared with an exact oracle.

In full: `python -m tests.load.billing_operations 100000`, also with `--database postgresql://…/an_empty_one` and
`--seed`. It prints how often each operation was done or refused, and ends with an error at the first difference.
"""

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory

from clinic import create_app
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from tests.billing.operations import Machine
from tests.builders import a_clinic
from tests.databases import make_tables

CURRENCIES = ("EUR", "JPY", "KWD")


def run_operations(url: str, *, count: int, seed: int) -> Counter[str]:
    """Carry out random operations in an empty database, and return how often each was done or refused."""
    with TemporaryDirectory() as instance:
        settings = {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": instance, "SECRET_KEY": token_urlsafe(48)}
        app = create_app(settings)
        logging.getLogger("clinic").setLevel(logging.ERROR)
        outcomes: Counter[str] = Counter()
        with app.app_context():
            make_tables()
            clinics = [a_clinic(name=currency, currency=currency).id for currency in CURRENCIES]
        for number, clinic_id in enumerate(clinics):
            share = count // len(clinics) + (number < count % len(clinics))
            with app.app_context(), clinic_scope(clinic_id):
                machine = Machine(seed + number)
                machine.run(share)
            outcomes += machine.outcomes
        with app.app_context():
            db.engine.dispose()
    return outcomes


def main() -> None:
    """Run the proof from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="operations in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="the URL of an empty database; SQLite unless given")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'clinic.db'}"
        outcomes = run_operations(url, count=options.count, seed=options.seed)
    for name, times in sorted(outcomes.items()):
        sys.stdout.write(f"{times:8d}  {name}\n")


if __name__ == "__main__":
    main()
