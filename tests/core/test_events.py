"""The contract of the event bus, one promise a test."""

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Barrier, Thread
from time import sleep
from typing import Any

import pytest
from blinker import Signal

from clinic.core.events import EventBus, EventEnvelope, Handler, current_event, handler_name
from clinic.core.events.context import MAX_DEPTH, UnstoredEvent, collecting, current_depth, handling

CREATED = "patient.created"
PATIENCE = 30
"""Timeout of threads in seconds."""

expects_failing_handler = pytest.mark.expects_failing_handler


class Desk:
    """Records its data: a handler as a bound method and as a callable object."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def note(self, data: dict[str, Any]) -> None:
        self.seen.append(data)

    def __call__(self, data: dict[str, Any]) -> None:
        self.seen.append(data)

    async def note_later(self, data: dict[str, Any]) -> None:
        self.seen.append(data)


class AsyncDesk:
    async def __call__(self, data: dict[str, Any]) -> None: ...


class YieldingDesk:
    def __call__(self, data: dict[str, Any]) -> Iterator[None]:
        yield


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def note_in(seen: list[Any], data: dict[str, Any]) -> None:
    seen.append(data)


def do_nothing(data: dict[str, Any]) -> None: ...


def collect_nothing(name: str, data: dict[str, Any]) -> None: ...


def refuse_mrs_nguyen(data: dict[str, Any]) -> None:
    raise ValueError(f"Mrs Nguyễn, born 1950, is {data}")


async def coroutine(data: dict[str, Any]) -> None: ...


async def asynchronous_generator(data: dict[str, Any]):
    yield


def generator(data: dict[str, Any]) -> Iterator[None]:
    yield


def closure_over(seen: list[Any]) -> Handler:
    def note(data: dict[str, Any]) -> None:
        seen.append(data)

    return note


def noting(seen: list[Any], word: Any) -> Handler:
    """Return a new handler that notes a word."""
    return lambda data: seen.append(word)


def raising(error: BaseException) -> Handler:
    """Return a new handler that fails."""

    def fail(data: dict[str, Any]) -> None:
        raise error

    return fail


def at_once(*jobs: Callable[[], None]) -> None:
    """Run each job in a thread of its own, all starting together."""
    barrier = Barrier(len(jobs))
    failures: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            barrier.wait(PATIENCE)
            job()
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=run, args=(job,), daemon=True) for job in jobs]
    with hasty_threads():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


def interrupted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function before which every other thread gets its turn."""

    def late(*args: Any, **options: Any) -> Any:
        sleep(0.005)
        return function(*args, **options)

    return late


@contextmanager
def hasty_threads() -> Iterator[None]:
    """Let the interpreter switch threads as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def calls_made_by(act: Callable[[], None]) -> int:
    """Count the Python and C functions called meanwhile."""
    calls = 0

    def count(frame: object, kind: str, argument: object) -> None:
        nonlocal calls
        calls += kind in {"call", "c_call"}

    usual = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(usual)
    return calls


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="clinic.events")
    return caplog


KEPT: dict[str, Callable[[list[Any]], Handler]] = {
    "bound method of a temporary": lambda seen: Desk(seen).note,
    "callable object": Desk,
    "closure": closure_over,
    "partial": lambda seen: partial(note_in, seen),
    "append of a list": lambda seen: seen.append,
    "method wrapper": lambda seen: Desk(seen).__call__,
}


@pytest.mark.breadth
@pytest.mark.parametrize("make_handler", KEPT.values(), ids=KEPT)
def test_a_handler_without_another_reference_is_kept(bus, seen, make_handler):
    bus.subscribe(CREATED, make_handler(seen))
    gc.collect(0)  # what was made just now

    bus.publish(CREATED, {"patient_id": "p-1"})

    assert seen == [{"patient_id": "p-1"}]


@pytest.mark.parametrize("make_handler", KEPT.values(), ids=KEPT)
def test_a_handler_of_any_kind_can_be_unsubscribed(bus, seen, make_handler):
    handler = make_handler(seen)
    bus.subscribe(CREATED, handler)

    bus.unsubscribe(CREATED, handler)
    bus.publish(CREATED, {})

    assert seen == []


@expects_failing_handler
def test_a_failing_handler_stops_no_other_handler(bus, seen):
    bus.subscribe(CREATED, noting(seen, "before"))
    bus.subscribe(CREATED, raising(ValueError()))
    bus.subscribe(CREATED, noting(seen, "after"))

    bus.publish(CREATED, {})

    assert seen == ["before", "after"]


@expects_failing_handler
@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), BaseException()], ids=repr)
def test_what_is_no_exception_stays_inside_too(bus, seen, error):
    bus.subscribe(CREATED, raising(error))
    bus.subscribe(CREATED, noting(seen, "after"))

    bus.publish(CREATED, {})

    assert seen == ["after"]


def test_a_keyboard_interrupt_passes(bus, seen):
    bus.subscribe(CREATED, raising(KeyboardInterrupt()))
    bus.subscribe(CREATED, noting(seen, "after"))

    with pytest.raises(KeyboardInterrupt):
        bus.publish(CREATED, {})

    assert seen == []
    assert current_depth() == 0


def test_handlers_run_in_the_order_they_were_subscribed(bus, seen):
    for number in range(50):
        bus.subscribe(CREATED, noting(seen, number))

    bus.publish(CREATED, {})

    assert seen == list(range(50))


def test_subscribing_a_second_time_keeps_the_place(bus, seen):
    first, second = noting(seen, "first"), noting(seen, "second")
    for handler in (first, second, first):
        bus.subscribe(CREATED, handler)

    bus.publish(CREATED, {})

    assert seen == ["first", "second"]


def test_a_handler_that_is_subscribed_again_is_last(bus, seen):
    first, second = noting(seen, "first"), noting(seen, "second")
    bus.subscribe(CREATED, first)
    bus.subscribe(CREATED, second)

    bus.unsubscribe(CREATED, first)
    bus.subscribe(CREATED, first)
    bus.publish(CREATED, {})

    assert seen == ["second", "first"]


def test_who_is_subscribed_during_a_publish_hears_of_the_next_one(bus, seen):
    late = noting(seen, "late")
    bus.subscribe(CREATED, lambda data: bus.subscribe(CREATED, late))

    bus.publish(CREATED, {})
    heard_at_first = list(seen)
    bus.publish(CREATED, {})

    assert heard_at_first == []
    assert seen == ["late"]


def test_who_is_unsubscribed_during_a_publish_still_hears_of_it(bus, seen):
    leaving = noting(seen, "leaving")
    bus.subscribe(CREATED, lambda data: bus.unsubscribe(CREATED, leaving))
    bus.subscribe(CREATED, leaving)

    bus.publish(CREATED, {})
    bus.publish(CREATED, {})

    assert seen == ["leaving"]


def test_a_handler_that_unsubscribes_itself_skips_no_other(bus, seen):
    def once(data: dict[str, Any]) -> None:
        bus.unsubscribe(CREATED, once)
        seen.append("once")

    bus.subscribe(CREATED, once)
    bus.subscribe(CREATED, noting(seen, "always"))

    bus.publish(CREATED, {})
    bus.publish(CREATED, {})

    assert seen == ["once", "always", "always"]


def test_a_handler_that_subscribes_itself_again_is_called_once_a_publish(bus, seen):
    def again(data: dict[str, Any]) -> None:
        bus.unsubscribe(CREATED, again)
        bus.subscribe(CREATED, again)
        seen.append("again")

    bus.subscribe(CREATED, again)

    bus.publish(CREATED, {})
    bus.publish(CREATED, {})

    assert seen == ["again", "again"]


def test_clearing_during_a_publish_takes_effect_from_the_next_one(bus, seen):
    bus.subscribe(CREATED, lambda data: bus.clear())
    bus.subscribe(CREATED, noting(seen, "after"))

    bus.publish(CREATED, {})
    bus.publish(CREATED, {})

    assert seen == ["after"]


@pytest.mark.parametrize("make_handler", KEPT.values(), ids=KEPT)
def test_subscribing_the_same_handler_twice_calls_it_once(bus, seen, make_handler):
    handler = make_handler(seen)
    bus.subscribe(CREATED, handler)
    bus.subscribe(CREATED, handler)

    bus.publish(CREATED, {})

    assert len(seen) == 1


def test_a_module_that_is_part_of_two_applications_is_called_once(bus, seen):
    module = Desk(seen)
    for _application in range(2):
        bus.subscribe(CREATED, module.note)

    bus.publish(CREATED, {})

    assert len(seen) == 1


def test_each_access_to_the_append_of_a_list_is_the_same_handler(bus, seen):
    for _look in range(2):
        bus.subscribe(CREATED, seen.append)
    bus.publish(CREATED, {"patient_id": "p-1"})

    bus.unsubscribe(CREATED, seen.append)
    bus.publish(CREATED, {"patient_id": "p-2"})

    assert seen == [{"patient_id": "p-1"}]


def test_the_appends_of_two_equal_lists_are_two_handlers(bus):
    one: list[Any] = []
    other: list[Any] = []
    bus.subscribe(CREATED, one.append)
    bus.subscribe(CREATED, other.append)

    bus.publish(CREATED, {})

    assert (len(one), len(other)) == (1, 1)


def test_a_handler_hears_of_its_own_event_only(bus, seen):
    bus.subscribe(CREATED, noting(seen, "created"))
    bus.subscribe("patient.merged", noting(seen, "merged"))

    bus.unsubscribe("patient.merged", do_nothing)
    bus.publish("patient.merged", {})

    assert seen == ["merged"]


def test_unsubscribing_an_unknown_handler_is_no_error(bus, seen):
    bus.subscribe(CREATED, seen.append)

    bus.unsubscribe(CREATED, do_nothing)
    bus.unsubscribe(CREATED, [].append)

    assert bus.handlers(CREATED) == (seen.append,)


def test_unsubscribing_from_an_unknown_event_is_no_error(bus):
    bus.unsubscribe("never.heard.of", do_nothing)

    assert bus.handlers("never.heard.of") == ()


def test_clear_forgets_everything(bus, seen):
    bus.subscribe(CREATED, seen.append)
    bus.subscribe("invoice.paid", seen.append)

    bus.clear()
    bus.publish(CREATED, {})
    bus.publish("invoice.paid", {})

    assert seen == []


def test_a_handler_can_be_subscribed_again_after_clear(bus, seen):
    bus.subscribe(CREATED, seen.append)

    bus.clear()
    bus.subscribe(CREATED, seen.append)
    bus.publish(CREATED, {})

    assert seen == [{}]


def test_what_a_handler_changes_in_its_data_no_one_else_sees(bus, seen):
    data = {"patient_id": "p-1"}
    bus.subscribe(CREATED, lambda own: own.update(patient_id="p-2", spoilt=True))
    bus.subscribe(CREATED, seen.append)

    bus.publish(CREATED, data)

    assert seen == [{"patient_id": "p-1"}]
    assert data == {"patient_id": "p-1"}


def test_nested_lists_and_dicts_are_the_handlers_own_too(bus, seen):
    data: dict[str, Any] = {"lines": [{"codes": ["a"]}], "total": {"amount": "45.00"}}
    expected = {"lines": [{"codes": ["a"]}], "total": {"amount": "45.00"}}
    bus.subscribe("invoice.paid", lambda own: own["lines"][0]["codes"].append("b"))
    bus.subscribe("invoice.paid", lambda own: own["total"].clear())
    bus.subscribe("invoice.paid", seen.append)

    bus.publish("invoice.paid", data)

    assert seen == [expected]
    assert data == expected


SILENT: dict[str, Any] = {
    "coroutine function": coroutine,
    "generator function": generator,
    "asynchronous generator function": asynchronous_generator,
    "coroutine method": Desk([]).note_later,
    "partial of a coroutine function": partial(coroutine),
    "partial of a partial of a generator function": partial(partial(generator)),
    "object called asynchronously": AsyncDesk(),
    "object whose call is a generator": YieldingDesk(),
    "partial of an object called asynchronously": partial(AsyncDesk()),
}


@pytest.mark.parametrize("handler", SILENT.values(), ids=SILENT)
def test_what_would_silently_never_run_is_refused(bus, handler):
    with pytest.raises(TypeError, match="never run"):
        bus.subscribe(CREATED, handler)

    assert bus.handlers(CREATED) == ()


@pytest.mark.parametrize("handler", [None, "do_nothing", {}], ids=repr)
def test_a_handler_that_can_not_be_called_is_refused(bus, handler):
    with pytest.raises(TypeError, match="callable"):
        bus.subscribe(CREATED, handler)


@pytest.mark.parametrize("act", ["subscribe", "publish"])
def test_an_empty_event_name_is_refused(bus, act):
    argument = {"subscribe": do_nothing, "publish": {}}[act]

    with pytest.raises(ValueError, match="not empty"):
        getattr(bus, act)("", argument)


@pytest.mark.parametrize("act", ["subscribe", "publish"])
@pytest.mark.parametrize("name", [None, 1, b"patient.created", ["patient.created"]], ids=repr)
def test_an_event_name_that_is_no_text_is_refused(bus, act, name):
    argument = {"subscribe": do_nothing, "publish": {}}[act]

    with pytest.raises(TypeError, match="str"):
        getattr(bus, act)(name, argument)


@pytest.mark.parametrize("data", [None, [("patient_id", "p-1")], "{}"], ids=repr)
def test_data_that_is_no_dict_is_refused(bus, seen, data):
    bus.subscribe(CREATED, seen.append)

    with pytest.raises(TypeError, match="dict"):
        bus.publish(CREATED, data)

    assert seen == []


def test_a_publish_inside_a_handler_is_delivered_inside_it(bus, seen):
    def settle(data: dict[str, Any]) -> None:
        seen.append("payment begins")
        bus.publish("invoice.paid", {})
        seen.append("payment ends")

    bus.subscribe("payment.recorded", settle)
    bus.subscribe("payment.recorded", noting(seen, "next"))
    bus.subscribe("invoice.paid", noting(seen, "invoice"))

    bus.publish("payment.recorded", {})

    assert seen == ["payment begins", "invoice", "payment ends", "next"]


@expects_failing_handler
def test_handlers_that_publish_in_a_circle_are_cut_and_logged_as_an_error(bus, seen, log):
    bus.subscribe("ping", lambda data: (seen.append("ping"), bus.publish("pong", {})))
    bus.subscribe("pong", lambda data: (seen.append("pong"), bus.publish("ping", {})))

    bus.publish("ping", {})

    assert seen == ["ping", "pong"] * (MAX_DEPTH // 2)
    errors = [record.getMessage() for record in log.records if record.levelno == logging.ERROR]
    assert errors == [f"recursion_cut event=ping depth={MAX_DEPTH}"]


@expects_failing_handler
def test_after_a_circle_was_cut_the_next_publish_runs_as_deep_again(bus, seen):
    bus.subscribe("ping", lambda data: (seen.append("ping"), bus.publish("ping", {})))
    bus.publish("ping", {})
    heard_at_first = len(seen)

    bus.publish("ping", {})

    assert (heard_at_first, len(seen)) == (MAX_DEPTH, 2 * MAX_DEPTH)
    assert current_depth() == 0


@expects_failing_handler
def test_a_stored_event_is_delivered_at_the_depth_of_its_publisher(bus, seen):
    bus.subscribe("ping", lambda data: (seen.append("ping"), bus.publish("ping", {})))

    with handling(UnstoredEvent(CREATED), MAX_DEPTH - 3):
        bus.publish("ping", {})

    assert seen == ["ping", "ping"]


def test_no_publish_is_lost_while_others_subscribe_and_unsubscribe(bus, seen):
    def publish() -> None:
        for _ in range(500):
            bus.publish(CREATED, {})

    def come_and_go() -> None:
        for _ in range(500):
            passing = noting([], "passing")
            bus.subscribe(CREATED, passing)
            bus.unsubscribe(CREATED, passing)

    bus.subscribe(CREATED, seen.append)

    at_once(*[publish, come_and_go] * 4)

    assert len(seen) == 4 * 500
    assert bus.handlers(CREATED) == (seen.append,)


def test_threads_that_subscribe_to_a_new_event_at_once_are_all_subscribed(bus, seen):
    def subscribe(thread: int) -> None:
        for number in range(100):
            bus.subscribe(CREATED, noting(seen, (thread, number)))

    at_once(*(partial(subscribe, thread) for thread in range(8)))
    bus.publish(CREATED, {})

    assert sorted(seen) == [(thread, number) for thread in range(8) for number in range(100)]
    for thread in range(8):
        assert [number for which, number in seen if which == thread] == list(range(100))


def test_threads_that_subscribe_the_same_handler_at_once_subscribe_it_once(bus, seen, monkeypatch):
    monkeypatch.setattr(Signal, "connect", interrupted(Signal.connect))

    at_once(*[lambda: bus.subscribe(CREATED, seen.append)] * 8)

    bus.publish(CREATED, {})

    assert seen == [{}]


def test_a_further_handler_costs_its_copy_and_its_call_and_nothing_more(bus):
    bus.subscribe(CREATED, noting([], 0))
    bus.publish(CREATED, {"patient_id": "p-1"})  # from then on its logger knows whether it is on
    with_one = calls_made_by(lambda: bus.publish(CREATED, {"patient_id": "p-1"}))
    for _ in range(63):
        bus.subscribe(CREATED, lambda data: None)

    with_all = calls_made_by(lambda: bus.publish(CREATED, {"patient_id": "p-1"}))

    assert with_all - with_one == 63 * 2


def test_a_publish_iterates_a_ready_tuple(bus, seen, monkeypatch):
    monkeypatch.delattr(Signal, "receivers_for")
    bus.subscribe(CREATED, seen.append)

    bus.publish(CREATED, {})

    assert seen == [{}]
    assert bus.handlers(CREATED) is bus.handlers(CREATED)


def test_outside_a_unit_of_work_a_publish_is_delivered_at_once(bus, seen):
    bus.subscribe(CREATED, seen.append)

    bus.publish(CREATED, {"patient_id": "p-1"})

    assert seen == [{"patient_id": "p-1"}]


def test_inside_a_unit_of_work_a_publish_is_collected_and_nothing_is_logged(bus, seen, log):
    collected: list[Any] = []
    bus.subscribe(CREATED, seen.append)

    with collecting(lambda name, data: collected.append((name, data))):
        bus.publish(CREATED, {"patient_id": "p-1"})

    assert collected == [(CREATED, {"patient_id": "p-1"})]
    assert (seen, log.messages) == ([], [])


def test_after_a_unit_of_work_that_failed_a_publish_is_delivered_at_once_again(bus, seen):
    bus.subscribe(CREATED, seen.append)
    with pytest.raises(LookupError), collecting(collect_nothing):
        raise LookupError

    bus.publish(CREATED, {})

    assert seen == [{}]


def test_another_thread_does_not_publish_into_this_ones_unit_of_work(bus, seen):
    bus.subscribe(CREATED, seen.append)

    with collecting(collect_nothing):
        at_once(lambda: bus.publish(CREATED, {}))

    assert seen == [{}]


def test_every_publish_is_logged_with_its_name_and_keys_even_without_handlers(bus, log):
    bus.publish("appointment.scheduled", {"appointment_id": "a-1", "patient_id": "p-1"})

    assert log.messages == ["published event=appointment.scheduled keys=appointment_id,patient_id"]


def test_the_log_line_comes_before_the_handlers(bus, seen, log):
    bus.subscribe(CREATED, lambda data: seen.extend(log.messages))

    bus.publish(CREATED, {"patient_id": "p-1"})

    assert seen == ["published event=patient.created keys=patient_id"]


@expects_failing_handler
def test_a_failure_is_logged_with_the_handler_and_the_class_and_frames_of_the_error(bus, log):
    bus.subscribe(CREATED, refuse_mrs_nguyen)

    bus.publish(CREATED, {})

    line = log.messages[-1]
    assert line.startswith(f"handler_failed event=patient.created handler={__name__}:refuse_mrs_nguyen ")
    assert "error=ValueError frames=" in line
    assert "core/test_events.py" in line
    assert f"{refuse_mrs_nguyen.__code__.co_firstlineno + 1} refuse_mrs_nguyen" in line


@expects_failing_handler
def test_the_log_has_neither_the_errors_message_nor_a_value_of_the_data(bus, log):
    bus.subscribe(CREATED, refuse_mrs_nguyen)

    bus.publish(CREATED, {"patient_id": "p-4907"})

    assert [record.levelname for record in log.records] == ["INFO", "ERROR"]
    for secret in ("Nguyễn", "1950", "p-4907"):
        assert secret not in log.text


@expects_failing_handler
def test_an_error_whose_message_can_not_be_read_is_logged_all_the_same(bus, seen, log):
    bus.subscribe(CREATED, raising(Wordless()))
    bus.subscribe(CREATED, noting(seen, "after"))

    bus.publish(CREATED, {})

    assert f"error={__name__}.Wordless" in log.messages[-1]
    assert seen == ["after"]


NAMED: list[tuple[Handler, str | None]] = [
    (do_nothing, f"{__name__}:do_nothing"),
    (Desk([]).note, f"{__name__}:Desk.note"),
    (lambda data: None, None),
    (noting([], "closure"), None),
    (partial(note_in, []), None),
    (Desk([]), None),
    (list[Any]().append, None),
]


@pytest.mark.parametrize(("handler", "name"), NAMED)
def test_the_name_of_a_handler_is_its_module_and_qualified_name_if_that_is_stable(handler, name):
    assert handler_name(handler) == name


def test_a_handler_sees_the_envelope_of_the_event_that_it_handles(bus):
    events: list[EventEnvelope | None] = []
    bus.subscribe("outer", lambda data: bus.publish("inner", {}))
    bus.subscribe("outer", lambda data: events.append(current_event()))
    bus.subscribe("inner", lambda data: events.append(current_event()))

    bus.publish("outer", {})

    inner, outer = events
    assert inner
    assert outer
    assert (inner.type, outer.type) == ("inner", "outer")
    assert inner.id != outer.id
    assert (inner.subject_id, inner.subject_version) == (None, None)


def test_two_handlers_of_one_event_see_the_same_envelope(bus):
    events: list[EventEnvelope | None] = []
    for number in range(2):
        bus.subscribe(CREATED, lambda data, number=number: events.append(current_event()))

    bus.publish(CREATED, {})

    assert events[0] is not None
    assert events[0] == events[1]


def test_outside_a_handler_there_is_no_current_event(bus):
    bus.publish(CREATED, {})

    assert current_event() is None


class Listener:
    """A base class of which several modules may inherit a handler."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def on_created(self, data: dict[str, Any]) -> None:
        self.heard.append(data)


class FirstListener(Listener):
    pass


class SecondListener(Listener):
    pass


def test_handlers_inherited_by_two_classes_have_two_names(bus):
    first, second = FirstListener(), SecondListener()

    bus.subscribe("patient.created", first.on_created)
    bus.subscribe("patient.created", second.on_created)
    bus.publish("patient.created", {"n": 1})

    names = [handler_name(handler) or "" for handler in bus.handlers("patient.created")]
    assert [name.partition(":")[2] for name in names] == ["FirstListener.on_created", "SecondListener.on_created"]
    assert first.heard == second.heard == [{"n": 1}]


def test_a_second_handler_with_the_stored_name_of_another_is_refused(bus):
    first, second = FirstListener(), FirstListener()
    bus.subscribe("patient.created", first.on_created)

    with pytest.raises(ValueError, match=r"FirstListener\.on_created"):
        bus.subscribe("patient.created", second.on_created)

    assert bus.handlers("patient.created") == (first.on_created,)
