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

    Let workers, and the many processes that tests start, keep what they compile, whatever the environment says. Load
    the fixtures in every process but the one that only starts others, without collecting garbage meanwhile.
    """
    gc.disable()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if config.getoption("full"):
        config.option.markexpr = ""
    elif config.option.markexpr in config.getini("addopts"):
        config.pluginmanager.register(_DefaultRun(), "default run")
    if config.getoption("dist", "no") == "no" or config.option.collectonly:
        config.pluginmanager.import_plugin("tests.fixtures")


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

    Those with a time limit of their own are first, then those that mostly wait for the processes they kill, then the
    other slow ones, so that no process waits for one at the end. The order is the same in every process.
    """
    repetitions = set(needless_repetitions(items))
    for item in further_cases(items):
        item.add_marker("slow")
    if repetitions:
        config.hook.pytest_deselected(items=list(repetitions))
        items[:] = [item for item in items if item not in repetitions]
    yield
    items.sort(key=_place)
    if (seed := config.getoption("shuffle")) is not None:
        Random(seed).shuffle(items)


def _place(item: pytest.Item) -> tuple[bool, bool, bool]:
    return item.get_closest_marker("timeout") is None, "crash" not in item.keywords, "slow" not in item.keywords


def further_cases(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the cases that do not run by default: those of tests on a database, and of tests marked `breadth`.

    The first case of each test on each database does; all do where the result depends on the database, unless they are
    marked `breadth`, too.
    """
    seen: set[tuple[str, bool]] = set()
    found = []
    for item in items:
        test = item.nodeid.partition("[")[0], "postgresql" in item.keywords
        if test in seen and (_is_marked(item, "breadth") or _is_ordinary(item)):
            found.append(item)
        seen.add(test)
    return found


def needless_repetitions(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the further cases on PostgreSQL of tests of `breadth` whose result does not depend on the database."""
    return [item for item in further_cases(items) if _is_marked(item, "breadth", "postgresql") and _is_ordinary(item)]


def _is_marked(item: pytest.Item, *marks: str) -> bool:
    return all(mark in item.keywords for mark in marks)


def _is_ordinary(item: pytest.Item) -> bool:
    """Return whether a test needs a database, whichever it is."""
    return bool({"sqlite", "postgresql"} & {*item.keywords}) and not _is_marked(item, "both_databases")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all modules and tests again and again, and from running often."""
    gc.enable()
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
