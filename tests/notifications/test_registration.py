"""From the desk to the patient's mailbox: one registration, one row, one event, one message, one mail."""

import pytest

from tests.assertions import row_counts, rows, stored_events
from tests.builders import patient_fields

FIELDS = patient_fields(family_name="Gonçalves", given_name="Inês", email="ines@example.org", language="pt")


@pytest.fixture(params=["page", "json", "command"])
def register(request, client, run):
    """Register a patient through one of the three interfaces."""
    return {
        "page": lambda fields: client.submit("/patients/new", **fields),
        "json": lambda fields: client.post("/api/v1/patients", json=fields),
        "command": lambda fields: run(
            "patients", "add", *(f"--{name.replace('_', '-')}={value}" for name, value in fields.items())
        ),
    }[request.param]


@pytest.mark.slow
@pytest.mark.breadth
def test_registering_queues_one_message_and_the_worker_sends_one_mail(app, register, run, mailbox, published):
    register(FIELDS)
    [patient], [queued] = rows(app, "patients"), rows(app, "notifications")
    assert (queued["kind"], queued["state"], queued["patient_id"]) == ("welcome", "queued", patient["id"])
    assert mailbox.messages == []

    run("worker", "--once")

    data = {"patient_id": str(patient["id"]), "clinic_id": str(patient["clinic_id"])}
    assert published == [("patient.created", data)]
    assert stored_events(app, "patient.created") == [data]
    assert mailbox.recipients == ["ines@example.org"]
    assert (
        rows(app, "notifications")[0].items()
        >= {"state": "sent", "attempts": 1, "recipient": "ines@example.org"}.items()
    )


@pytest.mark.breadth
def test_registering_without_an_address_queues_nothing(app, register, run, mailbox):
    register({name: value for name, value in FIELDS.items() if name != "email"})
    run("worker", "--once")

    counts = row_counts(app)
    assert (counts["patients"], counts["events"], counts["notifications"]) == (1, 1, 0)
    assert mailbox.messages == []


def test_the_handler_is_marked_as_done_once(app, register):
    register(FIELDS)

    [delivery] = rows(app, "deliveries")
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
    assert delivery["handler"] == "clinic.notifications:NotificationsModule._on_patient_created"


@pytest.mark.breadth
@pytest.mark.row(49)
@pytest.mark.parametrize(
    "forged",
    ["\r\nBcc: all@example.org", "=?utf-8?q?=0d=0aBcc:_all@example.org?=", "=?UTF-8?B?DQo=?=", "=?utf-8?q?=0d=0aBcc:"],
)
def test_a_name_that_would_forge_a_header_is_refused(app, register, mailbox, forged):
    register(FIELDS | {"given_name": f"Inês{forged}"})

    assert row_counts(app)["patients"] == row_counts(app)["notifications"] == 0
