"""How pytest runs: every test instead of the default ones, in which order, and what it reports."""

import gc
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from _pytest.terminal import TerminalReporter

PARTS = {
    "sqlite": "on SQLite",
    "postgresql": "on PostgreSQL",
    "browser": "in a browser",
    "crash": "with killed processes",
    "slow": "marked slow",
}
"""Markers of the tests that are counted, and how the summary names them."""

NEVER_BY_DEFAULT = re.compile(r"^pytestmark = .*\bpytest\.mark\.(browser|crash|slow)\b", re.MULTILINE)
"""Finds that no test of a file runs by default, before the file is imported."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("clinic")
    group.addoption("--full", action="store_true", help="run every test; fail if one is skipped or a part has none")
    group.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in a random order")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Deselect nothing in a full run, import nothing that never runs in a default one.

    Let workers, and the many processes that tests start, keep what they compile, whatever the environment says.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if config.getoption("full"):
        config.option.markexpr = ""
    elif config.option.markexpr in config.getini("addopts"):
        config.pluginmanager.register(_DefaultRun(), "default run")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start a worker more than there are processors for a full run, many of whose tests wait for other processes."""
    return len(os.sched_getaffinity(0)) + 1 if config.getoption("full") else None


class _DefaultRun:
    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Ignore files, and folders of files, in which no test runs by default, unless they are asked for."""
        asked = any(str(collection_path).endswith(argument.split("::")[0].rstrip("/")) for argument in config.args)
        return None if asked else never_by_default(collection_path) or None


def never_by_default(path: Path) -> bool:
    """Return whether a file, or every file of tests in a folder, is marked as a whole as slow or the like."""
    files = path.rglob("test_*.py") if path.is_dir() else [path]
    return all(NEVER_BY_DEFAULT.search(file.read_text()) for file in files)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark what proves breadth as slow, on one database; begin with the longest tests, or shuffle them.

    Those with a time limit of their own are first, then the other slow ones, so that no process waits for one at the
    end. The order is the same in every process.
    """
    for item in further_cases(items):
        item.add_marker("slow")
    if repetitions := set(needless_repetitions(items)):
        config.hook.pytest_deselected(items=list(repetitions))
        items[:] = [item for item in items if item not in repetitions]
    yield
    items.sort(key=lambda item: (item.get_closest_marker("timeout") is None, "slow" not in item.keywords))
    if (seed := config.getoption("shuffle")) is not None:
        Random(seed).shuffle(items)


def further_cases(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases of tests that are marked `breadth`, except for the first one on each database."""
    seen: set[tuple[str, bool]] = set()
    found = []
    for item in items:
        test = item.nodeid.partition("[")[0], "postgresql" in item.keywords
        if "breadth" in item.keywords and test in seen:
            found.append(item)
        seen.add(test)
    return found


def needless_repetitions(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the further cases on PostgreSQL of tests whose result does not depend on the database."""
    return [
        item for item in further_cases(items) if "postgresql" in item.keywords and "both_databases" not in item.keywords
    ]


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all modules and tests again and again, and from running often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a full run in which something did not run."""
    gc.collect()
    gc.freeze()  # pytest is about to collect garbage five times more
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and _missing(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Show how many tests ran in each part, what is missing in a full run, and how many requests tested access."""
    ran = _ran(terminalreporter)
    terminalreporter.write_line("ran " + ", ".join(f"{ran[part]} {label}" for part, label in PARTS.items()))
    for missing in _missing(terminalreporter):
        terminalreporter.write_line(f"--full: {missing}", red=True)
    passed = terminalreporter.getreports("passed")
    if sent := sum(value for report in passed for name, value in report.user_properties if name == "requests"):
        terminalreporter.write_line(f"access matrix: {sent} requests")


def missing_parts(ran: Counter[str], skipped: int) -> list[str]:
    """Return why a run was not a full one."""
    none = [f"no test ran {label}" for part, label in PARTS.items() if not ran[part]]
    return none + [f"{skipped} tests were skipped"] * bool(skipped)


def _missing(reporter: TerminalReporter) -> list[str]:
    if not reporter.config.getoption("full"):
        return []
    return missing_parts(_ran(reporter), len(reporter.getreports("skipped")))


def _ran(reporter: TerminalReporter) -> Counter[str]:
    reports = [*reporter.getreports("passed"), *reporter.getreports("failed")]
    return Counter(part for report in reports if report.when == "call" for part in PARTS if part in report.keywords)
