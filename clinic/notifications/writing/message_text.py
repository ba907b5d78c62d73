"""A message in its parts: the subject, a heading, paragraphs and blocks, buttons and a footer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from zoneinfo import ZoneInfo

from clinic.core.clock import wall_day
from clinic.notifications.mail_links import MailLinks
from clinic.notifications.writing.dates import Region
from clinic.notifications.writing.facts import Facts, Payment, Sender, Visit
from clinic.notifications.writing.languages import Phrases, TemplateText, phrases_of
from clinic.notifications.writing.placeholders import block_name, fill

_UPCOMING = ("confirmation", "change", "reminder")
"""Kinds of messages about a visit to come: they say where it is."""


@dataclass(frozen=True)
class Row:
    """A line of a block: what it is, and its value, the first line of which may be important."""

    label: str
    lines: tuple[str, ...]
    is_important: bool = False


@dataclass(frozen=True)
class Part:
    """A paragraph of some lines, or a block of rows."""

    lines: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Button:
    """A link that is shown as a button."""

    label: str
    url: str


@dataclass(frozen=True)
class MessageText:
    """A written message; `summary` is what a mail program may show beside the subject."""

    language: str
    subject: str
    heading: str
    summary: str
    parts: tuple[Part, ...]
    buttons: tuple[Button, ...]
    sender: Sender
    questions: str
    private: str
    stop: Button | None


def write_text(facts: Facts, language: str, template: TemplateText, links: MailLinks) -> MessageText:
    """Return a message in a language, from a template that was checked: of its kind's placeholders only."""
    phrases, region = phrases_of(language), Region(language, facts.sender.country)
    values = placeholder_values(facts, region)
    buttons = ((phrases["answer"], links.answer), (phrases["calendar"], links.calendar))
    return MessageText(
        language,
        subject=fill(template.subject, values) or facts.sender.name,
        heading=phrases.heading(facts.kind, guardian=facts.reader.is_guardian),
        summary=_summary(facts, region),
        parts=tuple(_parts(template.text, facts, values, region)),
        buttons=tuple(Button(label, url) for label, url in buttons if url),
        sender=facts.sender,
        questions=_questions(facts.sender, phrases),
        private=phrases["private"] if links.answer else "",
        stop=Button(phrases["preferences"], links.preferences) if links.preferences else None,
    )


def placeholder_values(facts: Facts, region: Region) -> Mapping[str, str]:
    """Return the value of every placeholder, also of a block as one line; empty where there is none."""
    phrases, reader, sender = phrases_of(region.language), facts.reader, facts.sender
    greeting = phrases["guardian_greeting" if reader.is_guardian else "greeting"]
    common = {
        "greeting": _put(greeting, name=reader.name),
        "first_name": reader.first_name,
        "clinic_name": sender.name,
        "clinic_phone": sender.written_phone,
        "clinic_email": sender.email or "",
        "clinic_address": sender.address_line,
        "patient_number": facts.patient_number,
    }
    return common | _visit_values(facts, region) | _payment_values(facts.payment, region)


def _visit_values(facts: Facts, region: Region) -> dict[str, str]:
    visit = facts.visit
    if visit is None:
        return {}
    return {
        "appointment": _summary(facts, region),
        "day": region.day(wall_day(visit.starts_at, visit.zone)),
        "time": _time(visit, facts, region),
        "practitioner": visit.practitioner,
        "answer_by": _answer_by(visit, facts, region),
    }


def _payment_values(payment: Payment | None, region: Region) -> dict[str, str]:
    if payment is None:
        return dict.fromkeys(("receipt", "invoice", "invoice_number", "amount", "left_to_pay", "due_day"), "")
    amount, due = region.amount(payment.total), region.amount(payment.due)
    return {
        "receipt": f"{amount}, {payment.number}",
        "invoice": f"{due}, {payment.number}",
        "invoice_number": payment.number,
        "amount": amount,
        "left_to_pay": due,
        "due_day": region.plain_day(payment.due_on) if payment.due_on else "",
    }


def _parts(text: str, facts: Facts, values: Mapping[str, str], region: Region) -> Iterator[Part]:
    """Yield the paragraphs and blocks of a text; a line with a placeholder that has no value is left out."""
    for is_empty, group in groupby(text.split("\n"), key=lambda line: not line.strip()):
        paragraph: list[str] = []
        for line in () if is_empty else group:
            if (name := block_name(line, facts.kind)) is None:
                paragraph += filter(None, [fill(line.strip(), values)])
                continue
            if paragraph:
                yield Part(tuple(paragraph))
            paragraph = []
            if rows := _rows(name, facts, region):
                yield Part(rows=rows)
        if paragraph:
            yield Part(tuple(paragraph))


def _rows(block: str, facts: Facts, region: Region) -> tuple[Row, ...]:
    phrases = phrases_of(region.language)
    if block == "receipt":
        return _payment_rows(facts.payment, phrases, region) if facts.payment else ()
    if block == "invoice":
        return tuple(_invoice_rows(facts.payment, phrases, region)) if facts.payment else ()
    return _visit_rows(facts.visit, facts, phrases, region) if facts.visit else ()


def _visit_rows(visit: Visit, facts: Facts, phrases: Phrases, region: Region) -> tuple[Row, ...]:
    at = f"{region.day(wall_day(visit.starts_at, visit.zone))}, {_time(visit, facts, region)}"
    length = (_put(phrases["about_minutes"], minutes=str(visit.minutes)),) if facts.kind in _UPCOMING else ()
    rows = [Row(phrases["when"], (at, *length), is_important=True), Row(phrases["with"], (visit.practitioner,))]
    if facts.kind in _UPCOMING:
        rows.append(Row(phrases["where"], (facts.sender.name, *facts.sender.address)))
    return tuple(rows)


def _payment_rows(payment: Payment, phrases: Phrases, region: Region) -> tuple[Row, ...]:
    invoice = _put(phrases["invoice_of"], number=payment.number, day=region.plain_day(payment.issued_on))
    return (
        Row(phrases["paid"], (region.amount(payment.total),), is_important=True),
        Row(phrases["invoice"], (invoice,)),
        Row(phrases["left_to_pay"], (region.amount(payment.due),)),
    )


def _invoice_rows(payment: Payment, phrases: Phrases, region: Region) -> Iterator[Row]:
    """Yield what is to pay of an invoice, until when and how: by transfer, if the clinic has an account."""
    yield Row(phrases["to_pay"], (region.amount(payment.due),), is_important=True)
    if payment.due != payment.total:
        yield Row(phrases["total"], (region.amount(payment.total),))
    invoice = _put(phrases["invoice_of"], number=payment.number, day=region.plain_day(payment.issued_on))
    yield Row(phrases["invoice"], (invoice,))
    if not payment.due.minor:
        return
    if payment.due_on:
        yield Row(phrases["pay_until"], (region.plain_day(payment.due_on),))
    if payment.iban:
        bic = (f"BIC {payment.bic}",) if payment.bic else ()
        yield Row(phrases["transfer_to"], (payment.payee, f"IBAN {_in_groups(payment.iban)}", *bic))
        yield Row(phrases["reference"], (payment.number,))


def _in_groups(iban: str) -> str:
    """Return an IBAN as it is printed: in groups of four characters (ISO 13616)."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _summary(facts: Facts, region: Region) -> str:
    if facts.visit is None:
        return ""
    return f"{region.day(wall_day(facts.visit.starts_at, facts.visit.zone))}, {_time(facts.visit, facts, region)}"


def _time(visit: Visit, facts: Facts, region: Region) -> str:
    note = region.zone_note(visit.starts_at, visit.zone, abroad=facts.reader.abroad)
    return region.time(visit.starts_at.astimezone(ZoneInfo(visit.zone))) + note


def _answer_by(visit: Visit, facts: Facts, region: Region) -> str:
    if visit.answer_by is None:
        return ""
    local = visit.answer_by.astimezone(ZoneInfo(visit.zone))
    note = region.zone_note(visit.answer_by, visit.zone, abroad=facts.reader.abroad)
    return f"{region.day(local.date())}, {region.time(local)}{note}"


def _questions(sender: Sender, phrases: Phrases) -> str:
    ways = {"phone": sender.written_phone, "email": sender.email or ""}
    given = [way for way, value in ways.items() if value]
    if not given:
        return ""
    return _put(phrases["questions_both" if len(given) > 1 else f"questions_{given[0]}"], **ways)


def _put(phrase: str, **values: str) -> str:
    """Return one of our own phrases with values, which are not read again."""
    return phrase.format_map(values)
