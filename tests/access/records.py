"""What the own clinic has: a record for each argument of a route. A new kind of id needs one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from clinic.appointments.service import (
    appointment_service,
    closure_service,
    hours_exception_service,
    room_service,
    service_catalogue,
)
from clinic.billing.service import billing_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.core.mail.queue import FAILED, UNKNOWN
from clinic.core.tenancy import current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.api_keys import api_key_service
from clinic.identity.clinics import clinic_service
from clinic.identity.mail_queue import staff_mail_queue
from clinic.identity.members import member_service
from clinic.identity.models import StaffMember
from clinic.identity.sessions import session_service
from clinic.notifications.links.issuing import issue_links, store_links
from clinic.notifications.models import ANSWER, CALENDAR, PREFERENCES
from clinic.notifications.other_channels import send_by
from clinic.notifications.service import Notification
from clinic.notifications.writing.template_service import TemplateKey, template_service
from clinic.patients.models import PatientMerge
from clinic.patients.service import (
    consent_service,
    duplicate_service,
    merge_service,
    note_service,
    patient_service,
    recall_service,
    related_person_service,
)
from tests.access.canaries import THEIR_EMAIL
from tests.access.request_bodies import OTHER_ADDRESS
from tests.appointments.schedule import book
from tests.billing.invoices import a_draft, an_invoice, euros
from tests.billing.prices import a_tax, an_item
from tests.builders import a_member, a_patient, a_practitioner, an_appointment, somebody

_TEMPLATE = TemplateKey("welcome", "email", "en")


@dataclass(frozen=True)
class Argument:
    """How an argument is filled: with a new record of one's own, with what the other clinic has in a table, or else."""

    own: Callable[[], UUID | str]
    table: str | None = None
    theirs: str | None = None

    def missing(self) -> str:
        """Return what fits, but is nowhere."""
        return str(uuid4())


def a_message(**columns: str) -> UUID:
    """Let a message to a patient be queued who may be written letters; `columns` are what became of it since."""
    patient = a_patient(address="Rua Nova 1", consent={("care", "post"): True})
    with unit_of_work():
        found = db.session.scalars(select(Notification).where(Notification.patient_id == patient.id)).one()
        for name, value in columns.items():
            setattr(found, name, value)
    return found.id


def a_letter() -> UUID:
    """Let a message wait to be printed; return its id."""
    return send_by(a_message(state=FAILED), channel="post").id


def the_version_of_an_own_text() -> str:
    """Let the clinic use a text of its own of the message that routes name; return its version."""
    text = {"subject": "Hello", "text": uuid4().hex}
    return str(template_service.save(_TEMPLATE, version=None, **text).version)


def the_version_of_a_default_text() -> str:
    """Let the clinic use the default text again in place of its own; return its version."""
    the_version_of_an_own_text()
    return str(template_service.reset(_TEMPLATE, version=None).version)


def a_colleague(role: str = "receptionist") -> StaffMember:
    """Let somebody else work in the clinic."""
    return a_member(current_clinic_id(), role, email=f"{uuid4().hex}@example.org")


def a_membership() -> UUID:
    """Let somebody else work in the clinic; return the id under which the clinic knows them."""
    return member_service.get_by_email(a_colleague().email).membership.id


def a_colleagues_session() -> UUID:
    """Let somebody else of the clinic have signed in: that session is no business of those who ask."""
    member_id = a_colleague().id
    session_service.start(member_id, current_clinic_id(), address="192.0.2.1", agent="test")
    return session_service.list_open(member_id)[0].id


def a_link() -> str:
    """Queue and claim a mail with a link to set a password; return the link's token."""
    member_id = a_colleague().id
    with unit_of_work():
        staff_mail_queue.queue("reset", member_id=member_id, clinic_id=current_clinic_id())
    tokens = (staff_mail_queue.prepare(row).token for row in iter(staff_mail_queue.claim, None))
    return next(token for token in tokens if token)


def a_link_of_a_message(purpose: str) -> str:
    """Let a message confirm a visit, and have been handed over; return the token of its link for a purpose."""
    visit = an_appointment(starts_at=now() + timedelta(days=30))
    of_visit = (Notification.about_id == visit.id, Notification.kind == "confirmation")
    message = db.session.scalars(select(Notification).where(*of_visit)).one()
    issued = issue_links(message)
    with unit_of_work():
        store_links(message, issued.values())
        message.recipient = patient_service.get(visit.patient_id).email
    return issued[purpose].token


def a_leave() -> UUID:
    """Plan leave of a new practitioner."""
    day = date(2030, 1, 2)
    return hours_exception_service.create(
        practitioner_id=a_practitioner().id, kind="leave", first_day=day, last_day=day
    ).id


def a_closure() -> UUID:
    """Plan a closure."""
    day = date(2030, 1, 2)
    return closure_service.create(name="Fire drill", first_day=day, last_day=day).id


def a_visit() -> UUID:
    """Let a visit have begun."""
    appointment = an_appointment()
    return appointment_service.check_in(appointment.id).id


def a_billable_visit() -> UUID:
    """Let a visit have taken place whose service has a price."""
    service = service_catalogue.create(name=uuid4().hex, lengths=[30])
    an_item(service_ids=[service.id])
    visit = book(service=service)
    return appointment_service.fulfil(appointment_service.check_in(visit.id).id).id


def a_payment() -> UUID:
    """Take a payment of a new invoice."""
    return billing_service.record_payment(an_invoice().id, amount=euros(5000), method="card").id


def a_refund() -> UUID:
    """Give some of a payment back."""
    refund = billing_service.refund_payment(a_payment(), amount=euros(100), method="cash", reason="goodwill")
    return refund.id


def a_credit_note() -> UUID:
    """Issue a credit note for a new invoice."""
    return billing_service.credit_invoice(an_invoice().id, reason="goodwill").id


def a_write_off() -> UUID:
    """Write off a new invoice."""
    invoice = billing_service.write_off(an_invoice().id, reason="Moved away")
    return billing_service.write_offs_of(invoice.id)[0].id


def a_written_off_invoice() -> UUID:
    """Write off a new invoice, and return the invoice."""
    return billing_service.write_off(an_invoice().id, reason="Moved away").id


def an_invoice_with_credit() -> UUID:
    """Issue an invoice to a patient who has credit."""
    patient = somebody()
    billing_service.take_payment(patient.id, amount=euros(2000), method="cash", allocations=[], keep_credit=True)
    return an_invoice(patient).id


def an_opening_balance(side: str = "owed") -> UUID:
    """Enter what a new patient owed before."""
    return billing_service.enter_opening_balance(somebody().id, side=side, amount=euros(5000)).id


def a_pair() -> UUID:
    """Register somebody twice; return the id of the pair."""
    twice = {"family_name": uuid4().hex, "given_name": "Vera"}
    one, other = (somebody(**twice).id for _ in range(2))
    return duplicate_service.separate(one, other).id


def a_merge() -> PatientMerge:
    """Merge two records."""
    return merge_service.merge(somebody().id, somebody().id)


def a_note() -> UUID:
    """Write a note about a patient."""
    return note_service.create(somebody().id, text="Prefers mornings").id


def a_related_person() -> UUID:
    """Name somebody whom to call about a patient."""
    return related_person_service.create(somebody().id, name="Rui", roles=["contact"]).id


def a_recall() -> UUID:
    """Plan when a patient is to be seen again."""
    return recall_service.create(somebody().id, due_on=date(2030, 1, 2), reason="Check-up").id


ARGUMENTS = {
    "patient_id": Argument(lambda: somebody().id, "patients"),
    "other_id": Argument(lambda: somebody().id, "patients"),
    "merge_id": Argument(lambda: a_merge().id, "patient_merges"),
    "pair_id": Argument(a_pair, "duplicate_pairs"),
    "note_id": Argument(a_note, "patient_notes"),
    "person_id": Argument(a_related_person, "related_persons"),
    "recall_id": Argument(a_recall, "recalls"),
    "practitioner_id": Argument(lambda: a_practitioner().id, "practitioners"),
    "room_id": Argument(lambda: room_service.create(name=uuid4().hex).id, "rooms"),
    "service_id": Argument(lambda: service_catalogue.create(name=uuid4().hex, lengths=[30]).id, "services"),
    "appointment_id": Argument(lambda: an_appointment().id, "appointments"),
    "exception_id": Argument(a_leave, "hours_exceptions"),
    "closure_id": Argument(a_closure, "closures"),
    "year": Argument(lambda: "2030"),
    "invoice_id": Argument(lambda: an_invoice().id, "invoices"),
    "payment_id": Argument(a_payment, "payments"),
    "refund_id": Argument(a_refund, "refunds"),
    "credit_note_id": Argument(a_credit_note, "credit_notes"),
    "write_off_id": Argument(a_write_off, "write_offs"),
    "opening_id": Argument(an_opening_balance, "payments, opening"),
    "billable_id": Argument(a_billable_visit, "appointments"),
    "tax_rate_id": Argument(lambda: a_tax().id, "tax_rates"),
    "item_id": Argument(lambda: an_item().id, "price_items"),
    "notification_id": Argument(a_message, "notifications"),
    "clinic_version": Argument(lambda: str(clinic_service.current().version)),
    "clinic_id": Argument(current_clinic_id, "clinics"),
    "membership_id": Argument(a_membership, "memberships"),
    "email": Argument(lambda: a_colleague().email, theirs=THEIR_EMAIL),
    "manager_email": Argument(lambda: a_colleague("manager").email, theirs=THEIR_EMAIL),
    "key_id": Argument(lambda: api_key_service.create(label=uuid4().hex, scopes=["all"])[0].id, "api_keys"),
    "sign_in_id": Argument(a_colleagues_session, "sign_ins"),
    "own_text_version": Argument(the_version_of_an_own_text),
    "default_text_version": Argument(the_version_of_a_default_text),
    "kind": Argument(lambda: _TEMPLATE.kind),
    "channel": Argument(lambda: _TEMPLATE.channel),
    "language": Argument(lambda: _TEMPLATE.language),
    "about_id": Argument(lambda: somebody().id, "patients"),
    "token": Argument(a_link),
    "filename": Argument(lambda: "js/app.js"),
}
"""How each argument that stands in a route is filled; one without a table is of no clinic."""


def a_withdrawal() -> UUID:
    """Let a patient withdraw all consent; return the patient's id."""
    return consent_service.withdraw_all(somebody().id).id


def a_patient_with_two_addresses() -> UUID:
    """Register a patient with two addresses; return the patient's id."""
    return somebody(address="Rua 1", other_addresses=[{"value": OTHER_ADDRESS}]).id


def a_death() -> UUID:
    """Record that a patient died; return the patient's id."""
    return patient_service.record_death(somebody().id, deceased_on=date(2026, 11, 2)).id


IN_THE_STATE: dict[str, Callable[[], UUID | str]] = {
    "api_merges.unmerge_patient": lambda: a_merge().survivor_id,
    "api_duplicates.dismiss": lambda: duplicate_service.reopen(a_pair()).id,
    "api_patients.restore": lambda: patient_service.archive(somebody().id).id,
    "api_patients.undo_death": a_death,
    "api_notes.restore": lambda: note_service.end(a_note()).id,
    "api_related_persons.restore": lambda: related_person_service.end(a_related_person()).id,
    "api_recalls.reopen": lambda: recall_service.complete(a_recall()).id,
    "billing.issue": lambda: a_draft().id,
    "api_billing.issue": lambda: a_draft().id,
    "billing.use_credit": an_invoice_with_credit,
    "api_billing.use_credit": an_invoice_with_credit,
    "billing undo-write-off": a_written_off_invoice,
    "api_billing.delete": lambda: a_draft().id,
    "api_billing.update": lambda: a_draft().id,
    "billing.deletion": lambda: a_draft().id,
    "billing.delete": lambda: a_draft().id,
    "billing.update": lambda: a_draft().id,
    "billing.edit": lambda: a_draft().id,
    "billing.split": lambda: a_draft().id,
    "billing.split_form": lambda: a_draft().id,
    "api_billing.split": lambda: a_draft().id,
    "api_appointments.fulfil": a_visit,
    "patients.use_contact": a_patient_with_two_addresses,
    "api_patients.use_contact": a_patient_with_two_addresses,
    "patients.undo_consent": a_withdrawal,
    "api_consent.undo": a_withdrawal,
    **{
        f"{prefix}.{name}": make
        for prefix in ("notifications", "api_notifications")
        for name, make in (
            ("resolve", lambda: a_message(state=UNKNOWN)),
            ("retry", lambda: a_message(state=FAILED)),
            ("send_by", lambda: a_message(state=FAILED)),
            ("record_printed", a_letter),
        )
    },
    **{
        f"links.{name}": lambda: a_link_of_a_message(ANSWER)
        for name in ("visit", "answer", "another_time", "birth_date", "enter_birth_date", "move", "calendar")
    },
    "links.open_calendar": lambda: a_link_of_a_message(CALENDAR),
    **{
        f"links.{name}": lambda: a_link_of_a_message(PREFERENCES)
        for name in ("preferences", "stop", "open_unsubscribe", "unsubscribe")
    },
    "api_appointments.no_show": lambda: an_appointment(starts_at=now() - timedelta(hours=2)).id,
}
"""Routes that act only on records in a certain state: how their own one is made."""
