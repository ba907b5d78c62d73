"""Placeholders of message texts: `{{name}}`, replaced by plain substitution; what a value contains is never read again.

The values of a block stand in lines of their own: `{{appointment}}` is the table of day, time, practitioner and place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from clinic.notifications.kinds import KINDS

MAX_SUBJECT = 80
MAX_TEXT = 4000

_PLACEHOLDER = re.compile(r"\{\{([^{}\n]*)\}\}")
_LEFT_OVER = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True)
class Placeholder:
    """A placeholder: its name, what it stands for, whether it is a block, and whether a subject may have it."""

    name: str
    label: str
    is_block: bool = False
    in_subject: bool = False


_COMMON = (
    Placeholder("greeting", "the greeting, to a guardian with the child’s given name"),
    Placeholder("first_name", "how the patient is called, for a guardian the child’s given name"),
    Placeholder("clinic_name", "the clinic’s name", in_subject=True),
    Placeholder("clinic_phone", "the phone in the clinic’s settings"),
    Placeholder("clinic_email", "the email in the clinic’s settings"),
    Placeholder("clinic_address", "the address in the clinic’s settings, on one line"),
)
_OF_SUBJECT: Mapping[str, Sequence[Placeholder]] = {
    "patient": (Placeholder("patient_number", "the number of the record"),),
    "appointment": (
        Placeholder("appointment", "day, time, with whom and where, as a block", is_block=True),
        Placeholder("day", "the day of the appointment"),
        Placeholder("time", "its time"),
        Placeholder("practitioner", "with whom it is"),
        Placeholder("answer_by", "until when it can be cancelled in time; nothing once that has passed"),
    ),
    "recall": (),
    "invoice": (
        Placeholder("receipt", "what was paid, of which invoice, and what is left to pay, as a block", is_block=True),
        Placeholder("invoice_number", "the number of the invoice", in_subject=True),
        Placeholder("amount", "the total of the invoice"),
        Placeholder("invoice", "what is to pay, of which invoice, until when and how, as a block", is_block=True),
        Placeholder("left_to_pay", "what is left to pay of it"),
        Placeholder("due_day", "the day until which it is to be paid"),
    ),
}


def placeholders_of(kind: str) -> Mapping[str, Placeholder]:
    """Return the placeholders that texts of a kind of message may have, by name."""
    return {one.name: one for one in (*_OF_SUBJECT[KINDS[kind].about], *_COMMON)}


def fill(line: str, values: Mapping[str, str]) -> str | None:
    """Return a line with its placeholders replaced, None if one of them has no value here."""
    names = _names(line)
    if any(not values[name] for name in names):
        return None
    return _PLACEHOLDER.sub(lambda found: values[found[1].strip()], line)


def block_name(line: str, kind: str) -> str | None:
    """Return the name of the block that a line consists of, None if it is none."""
    found = _PLACEHOLDER.fullmatch(line.strip())
    one = placeholders_of(kind).get(found[1].strip()) if found else None
    return one.name if one and one.is_block else None


def template_problems(kind: str, subject: str, text: str) -> dict[str, list[str]]:
    """Return what is wrong with the placeholders of a subject and a text, by `subject` and `text`."""
    found = {"subject": subject_problems(kind, subject), "text": text_problems(kind, text)}
    return {name: messages for name, messages in found.items() if messages}


def subject_problems(kind: str, subject: str) -> list[str]:
    """Return what is wrong with the placeholders of a subject."""
    allowed = {name: one for name, one in placeholders_of(kind).items() if one.in_subject}
    names = _names(subject)
    problems = [_unknown(name, allowed) for name in names if name not in placeholders_of(kind)]
    problems += [
        f"{_written(name)} can’t be in a subject"
        for name in names
        if name in placeholders_of(kind)
        if name not in allowed
    ]
    if len(names) != len(set(names)):
        problems.append("Use each placeholder once in a subject")
    return problems + _unclosed(subject)


def text_problems(kind: str, text: str) -> list[str]:
    """Return what is wrong with the placeholders of a text, with the numbers of the lines."""
    lines = enumerate(text.split("\n"), start=1)
    return [f"Line {number}: {problem}" for number, line in lines for problem in _line_problems(kind, line)]


def _line_problems(kind: str, line: str) -> Iterator[str]:
    known = placeholders_of(kind)
    for name in _names(line):
        if name not in known:
            yield _unknown(name, known)
        elif known[name].is_block and block_name(line, kind) is None:
            yield f"{_written(name)} must stand on a line of its own"
    yield from _unclosed(line)


def _unknown(name: str, known: Mapping[str, Placeholder]) -> str:
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"Did you mean {_written(close[0])}?" if close else f"There are {', '.join(map(_written, known))}"
    return f"{_written(name)} is not known. {hint}"


def _unclosed(line: str) -> list[str]:
    return (
        ["Two braces begin or end a placeholder, like {{clinic_name}}"]
        if _LEFT_OVER.search(_PLACEHOLDER.sub("", line))
        else []
    )


def _names(line: str) -> list[str]:
    return [name.strip() for name in _PLACEHOLDER.findall(line)]


def _written(name: str) -> str:
    return f"{{{{{name}}}}}"
