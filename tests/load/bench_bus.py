"""What a publish costs, next to a plain loop and to other ways of doing it.

`python tests/load/bench_bus.py [--quick] [--check]`

Every contender calls handlers that do nothing. The floor is a plain loop that copies and catches as the bus
does; blinker hands over keywords, Django a signal and keywords, pyee the one dict without a copy. Contenders
and numbers of handlers take turns within each short round, so that a slow moment of the machine strikes them
all, and slopes are compared within a round. Each figure is a median over the rounds.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from blinker import Signal

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from clinic.core.events import EventBus, Handler

COUNTS = (0, 1, 4, 16, 64)
EVENT = "patient.created"
DATA: dict[str, Any] = {
    "patient_id": "0192f5c8-7d6b-7cc1-a0ad-000000000001",
    "clinic_id": "0192f5c8-7d6b-7cc1-a0ad-000000000002",
}
NESTED = {**DATA, "total": {"amount": "45.00", "currency": "EUR"}}
SENDER = object()
MOST = 1.05
"""How much a further handler may cost, measured in what it costs in the floor."""

SAMPLE_NS = 500_000
"""How long a turn lasts, about."""

NOTHING, FLOOR, UNCOPIED = "an empty call", "plain loop (floor)", "plain loop, no copy"
BUS, LOGGED, BUS_NESTED = "our bus", "our bus, log line written", "our bus, nested data"
BLINKER, DJANGO, PYEE = "blinker send", "Django send_robust", "pyee emit"

Publish = Callable[[], object]


@dataclass
class Contender:
    """A way to publish: how to make it ready for a number of handlers, and what it took in each round."""

    name: str
    prepare: Callable[[int], Publish]
    log_level: int = logging.WARNING
    ready: dict[int, Publish] = field(default_factory=dict)
    samples: dict[int, list[float]] = field(default_factory=lambda: {count: [] for count in COUNTS})

    def nanoseconds(self, count: int) -> float:
        """Return what one publish to that many handlers took."""
        return median(self.samples[count])

    def slopes(self) -> Sequence[float]:
        """Return what each handler after the first cost, round by round."""
        few, many = 1, COUNTS[-1]
        pairs = zip(self.samples[few], self.samples[many], strict=True)
        return [(of_many - of_few) / (many - few) for of_few, of_many in pairs]


def no_ops(count: int) -> list[Handler]:
    """Return handlers that take one dict and do nothing, each an object of its own."""

    def one() -> Handler:
        def no_op(data: dict[str, Any]) -> None:
            pass

        return no_op

    return [one() for _ in range(count)]


def keyword_no_ops(count: int) -> list[Callable[..., None]]:
    """Return the same for those who hand over a sender and keywords."""

    def one() -> Callable[..., None]:
        def no_op(sender: object, **data: Any) -> None:
            pass

        return no_op

    return [one() for _ in range(count)]


def nothing(count: int) -> Publish:
    """Call a function and no handler: what measuring itself costs."""
    return partial(lambda event_type, data: None, EVENT, DATA)


def plain_loop(count: int) -> Publish:
    """Call each handler with its own copy, whatever the others raise."""
    handlers = tuple(no_ops(count))

    def publish(event_type: str, data: dict[str, Any]) -> None:
        copy = dict.copy
        for handler in handlers:
            try:
                handler(copy(data))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                print(error)

    return partial(publish, EVENT, DATA)


def uncopied_loop(count: int) -> Publish:
    """Call each handler with the one dict: what the copies cost is missing here."""
    handlers = tuple(no_ops(count))

    def publish(event_type: str, data: dict[str, Any]) -> None:
        for handler in handlers:
            try:
                handler(data)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                print(error)

    return partial(publish, EVENT, DATA)


def our_bus(count: int, data: dict[str, Any] = DATA) -> Publish:
    """Publish on an event bus of its own."""
    bus = EventBus()
    for handler in no_ops(count):
        bus.subscribe(EVENT, handler)
    return partial(bus.publish, EVENT, data)


def blinker_send(count: int) -> Publish:
    """Send a bare blinker signal: no copies of its own, the first failure stops it."""
    signal = Signal()
    for handler in keyword_no_ops(count):
        signal.connect(handler, weak=False)
    return partial(signal.send, SENDER, **DATA)


def django_send_robust(count: int) -> Publish:
    """Send a Django signal, whose receivers' exceptions are caught."""
    from django.dispatch import Signal as DjangoSignal

    signal = DjangoSignal()
    for handler in keyword_no_ops(count):
        signal.connect(handler, weak=False)
    return partial(signal.send_robust, SENDER, **DATA)


def pyee_emit(count: int) -> Publish:
    """Emit with pyee: no copies, the first failure stops it."""
    from pyee import EventEmitter

    emitter = EventEmitter()
    for handler in no_ops(count):
        emitter.on(EVENT, handler)
    return partial(emitter.emit, EVENT, DATA)


def contenders() -> list[Contender]:
    """Return everyone who can be measured here."""
    everyone = [
        Contender(NOTHING, nothing),
        Contender(FLOOR, plain_loop),
        Contender(BUS, our_bus),
        Contender(UNCOPIED, uncopied_loop),
        Contender(LOGGED, our_bus, logging.INFO),
        Contender(BUS_NESTED, partial(our_bus, data=NESTED)),
        Contender(BLINKER, blinker_send),
    ]
    if find_spec("django"):
        everyone.append(Contender(DJANGO, django_send_robust))
    if find_spec("pyee"):
        everyone.append(Contender(PYEE, pyee_emit))
    return everyone


@contextmanager
def null_log() -> Iterator[logging.Logger]:
    """Let the bus's logger write its lines, as the clinic's are written, to nowhere."""
    logger = logging.getLogger("clinic.events")
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
        try:
            yield logger
        finally:
            logger.removeHandler(handler)


def measure(everyone: list[Contender], rounds: int) -> None:
    """Let everyone publish to every number of handlers in turns, a short turn each."""
    with null_log() as logger:
        for contender in everyone:
            contender.ready = {count: contender.prepare(count) for count in COUNTS}
        times = {
            (contender.name, count): repetitions(logger, contender, count) for contender in everyone for count in COUNTS
        }
        gc.collect()
        gc.freeze()
        gc.disable()
        for turn in range(rounds):
            start = turn % len(everyone)
            for count in COUNTS:
                for contender in everyone[start:] + everyone[:start]:
                    logger.setLevel(contender.log_level)
                    repeated = times[contender.name, count]
                    contender.samples[count].append(timed(contender.ready[count], repeated))
            gc.collect()
        gc.enable()
        gc.unfreeze()


def repetitions(logger: logging.Logger, contender: Contender, count: int) -> int:
    """Warm a contender up and return how many publishes one turn lasts."""
    logger.setLevel(contender.log_level)
    publish = contender.ready[count]
    timed(publish, 200)
    return max(5, int(SAMPLE_NS / timed(publish, 200)))


def timed(publish: Publish, times: int) -> float:
    """Return the nanoseconds of one publish, over many."""
    publish()
    begun = perf_counter_ns()
    for _ in repeat(None, times):
        publish()
    return (perf_counter_ns() - begun) / times


def ratio_to(floor: Contender, other: Contender) -> float:
    """Return how much a further handler costs, compared round by round with the floor's."""
    return median(ours / its for ours, its in zip(other.slopes(), floor.slopes(), strict=True))


def report(everyone: list[Contender]) -> bool:
    """Print what was measured and say whether a further handler costs no more than it may."""
    by_name = {contender.name: contender for contender in everyone}
    floor, bus, logged = by_name[FLOOR], by_name[BUS], by_name[LOGGED]
    print_table(everyone, floor)
    ratio = ratio_to(floor, bus)
    constant = bus.nanoseconds(0) - by_name[NOTHING].nanoseconds(0)
    line = median(logged.nanoseconds(count) - bus.nanoseconds(count) for count in COUNTS)
    copy = median(floor.slopes()) - median(by_name[UNCOPIED].slopes())
    nested = copy + median(by_name[BUS_NESTED].slopes()) - median(bus.slopes())
    print(f"constant cost of a publish, log line apart: {constant:.0f} ns")
    print(f"the log line, written to nowhere: {line:.0f} ns a publish")
    print(f"a handler's copy: {copy:.0f} ns; with one dict inside: {nested:.0f} ns")
    verdict = "PASS" if ratio <= MOST else "FAIL"
    print(f"a further handler, bus to floor: {ratio:.3f} (at most {MOST}): {verdict}")
    return ratio <= MOST


def print_table(everyone: list[Contender], floor: Contender) -> None:
    """Print ns per publish, the ratio to the floor in brackets, and the slope from 1 to 64 handlers."""
    heads = "".join(f"{f'{count} handlers':>16}" for count in COUNTS)
    print(f"{'ns per publish (x floor)':<27}{heads}{'further handler':>19}")
    for contender in everyone:
        cells = "".join(cell(contender.nanoseconds(count), floor.nanoseconds(count)) for count in COUNTS)
        slope = "" if contender.name == NOTHING else f"{median(contender.slopes()):.1f} ns"
        against = "" if contender.name == NOTHING else f"({ratio_to(floor, contender):.3f})"
        print(f"{contender.name:<27}{cells}{slope:>11}{against:>8}")


def cell(nanoseconds: float, floor: float) -> str:
    """Return one measurement and its ratio to the floor's."""
    return f"{nanoseconds:>8.0f} {f'({nanoseconds / floor:.2f})':>7}"


def main() -> int:
    """Measure, print, and with `--check` fail if a further handler costs too much."""
    parser = argparse.ArgumentParser(description="Measure what a publish costs.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, about five seconds")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a further handler costs too much")
    options = parser.parse_args()
    everyone = contenders()
    measure(everyone, rounds=100 if options.quick else 1000)
    return 0 if report(everyone) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
