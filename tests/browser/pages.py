"""Every page of the clinic, and how to get there."""

from collections.abc import Callable
from random import choices
from string import ascii_lowercase

from playwright.sync_api import Page, expect

from tests.browser.console_errors import TROUBLES
from tests.browser.desk_actions import SEND, a_new_name, become, book, click_through, close_tab, edit_phone
from tests.browser.on_file import put_on_file
from tests.browser.records import ADMINISTRATOR, CAREFUL, READER, TRAVELLER, Records

PLACES = {
    "patients": "/patients",
    "patients filtered": "/patients?balance=due&no_visit=6",
    "patients found": "/patients?q=a",
    "no patient found": "/patients?q=nobody",
    "new patient": "/patients/new",
    "patient": "/patients/{patient}",
    "changes of a patient": "/patients/{changed_patient}?show=changes",
    "edit patient": "/patients/{patient}/edit",
    "consent": "/patients/{patient}/consent",
    "death": "/patients/{patient}/death",
    "notes": "/patients/{patient}/notes",
    "note": "/patients/notes/{note}/edit",
    "related persons": "/patients/{patient}/related",
    "related person": "/patients/related/{person}/edit",
    "new recall": "/patients/{patient}/recalls/new",
    "recall": "/patients/recalls/{recall}/edit",
    "recalls": "/patients/recalls",
    "day": "/appointments?day={day}",
    "day with an appointment": "/appointments?day={day}&appointment={appointment}",
    "day of a state": "/appointments?day={day}&state=cancelled",
    "day without an appointment": "/appointments?day=2001-01-01&state=noshow",
    "book": "/appointments/new?patient={patient_number}",
    "patient to book": "/appointments/new?patient=a",
    "nobody to book": "/appointments/new?patient=nobody",
    "why not": "/appointments/new?patient={patient}&service_id={service}&why_day={day}&why=9:00",
    "move": "/appointments/{appointment}/move?why_day={day}&why=9:00",
    "appointment": "/appointments/{appointment}",
    "notes of an appointment": "/appointments/{appointment}/edit",
    "cancelled appointment": "/appointments/{cancelled_appointment}",
    "working hours": "/appointments/hours/{practitioner}",
    "new exception": "/appointments/hours/{practitioner}/exceptions/new?day={day}",
    "opening hours": "/appointments/opening-hours",
    "public holidays": "/appointments/opening-hours/holidays/2027",
    "new closure": "/appointments/opening-hours/closures/new",
    "possible duplicates": "/patients/duplicates",
    "merged records": "/patients/merges",
    "record to merge with": "/patients/{patient}/merge",
    "several records to merge with": "/patients/{patient}/merge?other=a",
    "no record to merge with": "/patients/{patient}/merge?other=nobody",
    "comparison of two records": "/patients/{patient}/merge/{changed_patient}",
    "invoices": "/invoices",
    "open invoices by due date": "/invoices?standing=open&sort=due_on",
    "no invoice of a filter": "/invoices?q=nobody&method=cash",
    "new invoice": "/invoices/new",
    "new invoice of a patient": "/invoices/new?patient={patient_number}",
    "draft invoice": "/invoices/{draft}",
    "form of a draft": "/invoices/{draft}/edit",
    "deletion of a draft": "/invoices/{draft}/deletion",
    "part of a draft for somebody else": "/invoices/{draft}/part",
    "unbilled visits": "/invoices/unbilled",
    "billing settings": "/invoices/settings",
    "prices": "/invoices/prices",
    "new item": "/invoices/prices/new",
    "taxes": "/invoices/taxes",
    "new tax": "/invoices/taxes/new",
    "open invoice": "/invoices/{open_invoice}",
    "printed invoice": "/invoices/{open_invoice}/print",
    "part paid invoice": "/invoices/{part_paid_invoice}",
    "paid invoice": "/invoices/{paid_invoice}",
    "corrected invoice": "/invoices/{corrected_invoice}",
    "credit note": "/invoices/credit-notes/{credit_note}",
    "printed credit note": "/invoices/credit-notes/{credit_note}/print",
    "new credit note": "/invoices/{open_invoice}/credit-note",
    "write-off": "/invoices/{open_invoice}/write-off",
    "undoing of a write-off": "/invoices/write-offs/{write_off}/undo",
    "payment for several invoices": "/invoices/take-payment/{patient}",
    "payment": "/invoices/payments/{payment}",
    "receipt": "/invoices/payments/{payment}/receipt",
    "receipt of a refund": "/invoices/refunds/{refund}/receipt",
    "statement of account": "/invoices/statement/{patient}",
    "new opening balance": "/invoices/opening-balance/{patient}",
    "opening balance": "/invoices/opening-balances/{opening_balance}",
    "refund": "/invoices/payments/{payment}/refund",
    "reversal": "/invoices/payments/{payment}/reversal",
    "messages": "/messages",
    "messages of a state": "/messages?state=waiting&kind=confirmation&channel=email&from={day}",
    "no message found": "/messages?from=2001-01-01&to=2001-01-02",
    "messages to a patient": "/messages?patient_id={patient}",
    "sent message": "/messages/{messages[sent_message]}",
    "source of a message": "/messages/{messages[sent_message]}?part=source",
    "failed message": "/messages/{messages[failed_message]}",
    "unclear message": "/messages/{messages[unclear_message]}",
    "message that was held back": "/messages/{messages[held_back_message]}",
    "message to be tried again": "/messages/{messages[deferred_message]}",
    "message under way": "/messages/{messages[message_under_way]}",
    "planned message": "/messages/{messages[planned_message]}",
    "letter to print": "/messages/{messages[letter]}",
    "messages going out next": "/messages/next?day={day}",
    "patients to call": "/messages/to-call",
    "why no message": "/messages/why/reminder/{cancelled_appointment}",
    "why a message": "/messages/why/confirmation/{appointment}",
    "settings of messages": "/messages/settings",
    "texts of messages": "/messages/templates",
    "text of a message": "/messages/templates/confirmation/email/pt",
    "my account": "/account",
    "new password": "/account/password",
    "second step to set up": "/account/second-step",
    "clinic": "/clinic",
    "time zone": "/clinic/time-zone",
    "practitioners": "/appointments/practitioners",
    "practitioner": "/appointments/practitioners/{practitioner}/edit",
    "end of a practitioner": "/appointments/practitioners/{practitioner}/deactivation",
    "rooms": "/appointments/rooms?inactive=1",
    "room": "/appointments/rooms/{room}/edit",
    "services": "/appointments/services?inactive=1",
    "service": "/appointments/services/{service}/edit",
    "practitioner to link": "/appointments/practitioners/link/{member}",
    "staff": "/staff",
    "staff member": "/staff/{member}",
    "end of a member's access": "/staff/{member}/deactivation",
    "staff member with the longest name": "/staff/{long_member}",
    "end of the access of the longest name": "/staff/{long_member}/deactivation",
    "invitation": "/staff/invite",
    "roles": "/staff/roles",
    "API keys": "/api-keys",
    "end of an API key": "/api-keys/{key}/revocation",
    "audit trail": "/audit",
    "reason to see a patient's audit trail": "/audit?patient_id={patient}",
    "who looked at a patient": "/patients/{patient}/access-log",
    "API documentation": "/api/docs",
    "schemas of the API": "/api/docs/schemas",
    "page not found": "/nowhere",
    "bad request": "/patients?nonsense=1",
    "bad value": "/audit?since=nonsense",
}

VISITED_PLACES = {
    "sign in": "/login",
    "forgotten password": "/password/forgotten",
    "link sent": "/password/sent",
    "link expired": "/password/nonsense",
}
"""Pages for those who have not signed in."""

READ_PLACES = {
    "patients, only read": "/patients",
    "patient, only read": "/patients/{patient}",
    "consent, only read": "/patients/{patient}/consent",
    "day, only read": "/appointments?day={day}",
    "appointment, only read": "/appointments/{appointment}",
    "cancelled appointment, only read": "/appointments/{cancelled_appointment}",
    "invoices, only read": "/invoices",
    "open invoice, only read": "/invoices/{open_invoice}",
    "messages, only read": "/messages",
    "failed message, only read": "/messages/{messages[failed_message]}",
    "patients to call, only read": "/messages/to-call",
}
"""Pages as they are for those who may change nothing and see less."""

EMPTY_PLACES = {
    "no patient yet": "/patients",
    "no possible duplicate yet": "/patients/duplicates",
    "no practitioner yet": "/appointments",
    "no practitioner in the list yet": "/appointments/practitioners",
    "no room yet": "/appointments/rooms",
    "no service yet": "/appointments/services",
    "no invoice yet": "/invoices",
    "no message yet": "/messages",
    "nobody to call": "/messages/to-call",
    "nothing goes out": "/messages/next",
}


def sign_in_with_errors(page: Page, records: Records) -> None:
    """Try to sign in with a password that is not the right one."""
    page.context.clear_cookies()
    page.goto("/login")
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_label("Password", exact=True).fill("nonsense")
    click_through(page.get_by_role("button", name="Sign in"))


def second_step(page: Page, records: Records) -> None:
    """Sign in as far as the second step."""
    become(page, CAREFUL)


def new_patient_with_errors(page: Page, records: Records) -> None:
    """Try to register somebody without a name."""
    page.goto("/patients/new")
    page.get_by_role("textbox", name="Email").fill("nonsense")
    page.get_by_label("Year").first.fill("3000")
    click_through(page.locator(SEND))


def new_patient_with_rows(page: Page, records: Records) -> None:
    """Open all rows that a new patient's record may have, and try to register with a wrong number."""
    page.goto("/patients/new")
    page.get_by_text("Only an age is known").click()
    page.get_by_role("heading", name="More").click()
    for name in ("former name", "phone", "email", "address", "number"):
        page.get_by_role("button", name=f"Add a{'n' if name[0] in 'ae' else ''} {name}").click()
    page.get_by_label("Type").select_option("pt-nif")
    page.get_by_label("Number").fill("1")
    click_through(page.locator(SEND))


def new_patient_with_a_guardian(page: Page, records: Records) -> None:
    """Try to register a child whose guardian has no name and a wrong number."""
    page.goto("/patients/new")
    page.get_by_label("Family name", exact=True).first.fill(a_new_name())
    page.get_by_role("heading", name="Guardian").click()
    page.get_by_label("Phone of the guardian").fill("1")
    page.get_by_label("Relationship").fill("mother")
    click_through(page.locator(SEND))


def conflict(page: Page, records: Records) -> None:
    """Edit a patient whom somebody else changes meanwhile."""
    patient = put_on_file(page, records).url
    edit_phone(page, patient, "+351 912 555 041")
    other = page.context.new_page()
    edit_phone(other, patient, "+351 912 555 014")
    other.get_by_role("heading", name="More").click()
    other.get_by_role("textbox", name="Address").fill("Rua Nova 1")
    click_through(other.locator(SEND))
    close_tab(other)
    click_through(page.locator(SEND))


def taken_slot(page: Page, records: Records) -> None:
    """Try to book a time that is taken."""
    book(page, records.patient_number, records, records.taken_time)


def hours_with_errors(page: Page, records: Records) -> None:
    """Check hours that end before they start."""
    page.goto(f"/appointments/hours/{records.practitioner}")
    page.get_by_role("button", name="Add hours on Monday").click()
    page.get_by_label("Monday, range 1, from").fill("14")
    page.get_by_label("Monday, range 1, to").fill("9")
    click_through(page.get_by_role("button", name="Check"))


def hours_with_appointments_outside(page: Page, records: Records) -> None:
    """Check hours outside which appointments are booked."""
    page.goto(f"/appointments/hours/{records.practitioner}")
    page.get_by_role("button", name="Add hours on Sunday").click()
    page.get_by_label("Sunday, range 1, from").fill("3")
    page.get_by_label("Sunday, range 1, to").fill("4")
    click_through(page.get_by_role("button", name="Check"))


def new_invoice_with_errors(page: Page, records: Records) -> None:
    """Try to make an invoice with a price that is none."""
    page.goto(f"/invoices/new?patient={records.patient_number}")
    page.get_by_label("Price").first.fill("much")
    click_through(page.locator(SEND))


def service_with_errors(page: Page, records: Records) -> None:
    """Try to save a service with nothing right in it."""
    page.goto(f"/appointments/services/{records.service}/edit")
    page.get_by_label("Name", exact=True).fill("")
    for label in ("Length 1, minutes", "Minutes after", "Shortest notice", "How far ahead"):
        page.get_by_label(label, exact=True).fill("x")
    click_through(page.locator(SEND))


def payment_with_errors(page: Page, records: Records) -> None:
    """Try to take more than is still due."""
    page.goto(f"/invoices/{records.open_invoice}")
    page.get_by_label("Amount").fill("9999")
    click_through(page.locator(SEND))


def expired_form(page: Page, records: Records) -> None:
    """Send a form that was shown before somebody signed in again."""
    page.goto("/patients/new")
    name = "".join(choices(ascii_lowercase, k=12))  # nobody on file may be the same person
    page.get_by_label("Family name").fill(name.capitalize())
    page.locator("main [name=csrf_token]").evaluate("(field) => { field.value = 'another'; }")
    click_through(page.locator(SEND))


def form_of_another_clinic(page: Page, records: Records) -> None:
    """Send a form that was shown in another clinic."""
    page.goto("/patients/new")
    page.locator("main [name=_clinic]").evaluate("(field) => { field.value = 'another'; }")
    click_through(page.locator(SEND))


def late_cancellation(page: Page, records: Records) -> None:
    """Cancel an appointment that has changed meanwhile."""
    page.goto(f"/appointments/{records.appointment}")
    page.locator("#cancel [name=version]").evaluate("(field) => { field.value = 99; }")
    click_through(page.get_by_role("button", name="Cancel appointment"))


def late_arrival(page: Page, records: Records) -> None:
    """Try to mark a cancelled appointment as arrived, as if its page had been open since before."""
    page.goto(f"/appointments?day={records.day}&appointment={records.appointment}")
    address = f"/appointments/{records.cancelled_appointment}/arrive"
    page.locator("form.acts button").first.evaluate("(button, url) => { button.formAction = url; }", address)
    click_through(page.locator("form.acts button").first)


def bad_time(page: Page, records: Records) -> None:
    """Try to set a time at which nothing happened."""
    page.goto(f"/appointments/{records.appointment}")
    page.get_by_text("Set the time it happened").click()
    page.get_by_label("At", exact=True).fill("25:00")
    click_through(page.locator(".late button").first)


def late_change_of_a_member(page: Page, records: Records) -> None:
    """Change somebody of the longest name who has changed meanwhile."""
    page.goto(f"/staff/{records.long_member}")
    page.get_by_label("Name", exact=True).fill("V" * 200)
    page.locator("main [name=version]").first.evaluate("(field) => { field.value = 99; }")
    click_through(page.locator(SEND))


def late_change_of_the_clinic(page: Page, records: Records) -> None:
    """Change settings that have changed meanwhile."""
    page.goto("/clinic")
    page.get_by_label("Idle timeout (minutes)").fill("60")
    page.locator("main [name=version]").evaluate("(field) => { field.value = 99; }")
    click_through(page.locator(SEND))


def another_time_zone(page: Page, records: Records) -> None:
    """See what another time zone changes."""
    page.goto("/clinic/time-zone")
    page.get_by_label("Time zone").select_option("Europe/Madrid")
    click_through(page.get_by_role("button", name="Check"))


def form_of_the_longest_clinic(page: Page, records: Records) -> None:
    """Send a form that was shown in another clinic where one works, of the longest name."""
    become(page, TRAVELLER)
    in_long = page.locator("header .clinic").inner_text().startswith("W")
    if in_long:
        page.goto("/account")
        page.locator("header summary").click()
        page.get_by_role("button", name="Harbour Clinic").click()
    page.goto("/patients/new")
    page.locator("main [name=_clinic]").evaluate("(field, id) => { field.value = id; }", records.other_clinic)
    click_through(page.locator(SEND))


def seen_as_manager(page: Page, records: Records) -> None:
    """Come, as an administrator with a session of their own, to see the app as a manager."""
    become(page, ADMINISTRATOR)
    page.goto("/staff/roles")
    page.get_by_role("button", name="Manager").press("Enter")
    expect(page.locator("main .notice").get_by_text("You are viewing the app as: Manager.")).to_be_visible()


def change_while_looking(page: Page, records: Records) -> None:
    """Try to register somebody while seeing the app as a manager."""
    seen_as_manager(page, records)
    page.goto("/patients/new")
    page.get_by_label("Family name").fill("Weiß")
    click_through(page.locator(SEND))
    expect(page.locator("h1")).to_have_text("Not allowed")


def in_trouble(trouble: str) -> Callable[[Page, Records], None]:
    """Return how to come to a page that can't be shown."""

    def act(page: Page, records: Records) -> None:
        page.set_extra_http_headers({"X-Trouble": trouble})
        page.goto("/patients")
        page.set_extra_http_headers({})

    return act


ACTED: dict[str, Callable[[Page, Records], None]] = {
    "new patient with errors": new_patient_with_errors,
    "new patient with rows": new_patient_with_rows,
    "new patient with a guardian": new_patient_with_a_guardian,
    "conflict": conflict,
    "taken slot": taken_slot,
    "hours with errors": hours_with_errors,
    "hours with appointments outside": hours_with_appointments_outside,
    "new invoice with errors": new_invoice_with_errors,
    "payment with errors": payment_with_errors,
    "service with errors": service_with_errors,
    "expired form": expired_form,
    "form of another clinic": form_of_another_clinic,
    "late cancellation": late_cancellation,
    "late arrival": late_arrival,
    "time at which nothing happened": bad_time,
    "late change of a member": late_change_of_a_member,
    "late change of the clinic": late_change_of_the_clinic,
    "another time zone": another_time_zone,
    **{trouble: in_trouble(trouble) for trouble in TROUBLES if trouble},
}

SIGNED_IN: dict[str, Callable[[Page, Records], None]] = {
    "sign in with errors": sign_in_with_errors,
    "second step": second_step,
    "form of the clinic with the longest name": form_of_the_longest_clinic,
    "patients, seen as a manager": seen_as_manager,
    "change while only looking": change_while_looking,
}
"""Pages that one comes to by signing in, or by failing to, which takes a browser of one's own."""

READERS: dict[str, str | None] = {
    **dict.fromkeys([*PLACES, *ACTED], ADMINISTRATOR),
    **dict.fromkeys(VISITED_PLACES),
    **dict.fromkeys(READ_PLACES, READER),
}
"""Who looks at which other page: nobody who has signed in at some."""


def open_page(name: str, page: Page, records: Records) -> None:
    """Open a page of the clinic that has records."""
    if act := (ACTED | SIGNED_IN).get(name):
        act(page, records)
        page.wait_for_load_state()
        return
    page.goto((PLACES | VISITED_PLACES | READ_PLACES)[name].format_map(vars(records)))
