"""Pages of practitioners, rooms and services, and what they add to the pages of staff."""

import re
from datetime import timedelta

import pytest

from clinic.appointments.service import practitioner_service, room_service, service_catalogue
from clinic.identity.members import member_service
from tests.assertions import row_counts, rows, spoken, title
from tests.builders import MONDAY, a_member, a_practitioner, an_appointment, somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

P, R, S = "/appointments/practitioners", "/appointments/rooms", "/appointments/services"
MOST_STATEMENTS = 12
SERVICE = {
    "name": "Mole check",
    "lengths": ["30", "", "45"],
    "buffer_before": "0",
    "buffer_after": "5",
    "notice": "2",
    "notice_unit": "hours",
    "horizon": "6",
    "horizon_unit": "months",
    "colour": "violet",
    "who": "everyone",
    "where": "any",
}


@pytest.fixture
def member(clinic, here):
    """A staff member with the role of a practitioner: their account and membership."""
    with here():
        member_id = a_member(clinic.id, "practitioner").id
        return member_id, member_service.get_by_email("practitioner@example.org").membership.id


def test_a_practitioner_is_added_changed_deactivated_and_reactivated(app, client):
    added = client.submit(f"{P}/new", name="Dr Rui Silva", speciality="Skin", member_id="")
    practitioner_id = rows(app, "practitioners")[0]["id"]
    edit = f"{P}/{practitioner_id}/edit"
    client.submit(edit, name="Dr Rui Reis", speciality="", version=1)
    done = client.submit(f"{P}/{practitioner_id}/deactivation", version=2)

    assert (added.status_code, added.location, done.location) == (303, P, P)
    assert "Dr Rui Reis" in client.get(P).text  # takes the message that names them
    assert "Dr Rui Reis" not in client.get(P).text
    assert spoken(client.get(f"{P}?inactive=1").text).count("Inactive") == 1
    client.submit(f"{P}/{practitioner_id}/reactivation")
    assert rows(app, "practitioners")[0].items() >= {"name": "Dr Rui Reis", "speciality": None, "active": True}.items()


def test_deactivating_lists_what_is_still_booked(app, client, here):
    with here():
        practitioner = a_practitioner()
        address = f"{P}/{practitioner.id}/deactivation"
        booked = an_appointment(practitioner=practitioner).id
        an_appointment(somebody(), a_practitioner("Dr Other"), MONDAY + timedelta(hours=2))

    page = client.get(address)
    stale = client.submit(address, version=7)

    assert f'href="/appointments/{booked}"' in page.text
    assert "Mon 26 Nov 2029, 09:00 Pereira, Inês Dr Amara Okafor Booked" in spoken(page.text)
    assert "Dr Other" not in page.text
    assert (title(page.text), stale.status_code) == ("Deactivate – Clínica São João", 409)
    assert rows(app, "audit_entries")[-1]["action"] == "listed"
    assert client.submit(address, version=hidden_value(stale.text, "version")).status_code == 303
    assert rows(app, "appointments")[0]["status"] == "booked"


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("address", "fields", "message"),
    [
        (f"{P}/new", {"name": " "}, "Enter the name"),
        (f"{P}/new", {"name": "Dr X", "member_id": "x"}, "Choose a staff member"),
        (f"{R}/new", {"name": "", "places": "1"}, "Enter the name"),
        (f"{R}/new", {"name": "Room", "places": "0"}, "Enter the number of places from 1 to 100"),
        (f"{R}/new", {"name": "Room", "places": "101"}, "Enter the number of places from 1 to 100"),
        (f"{S}/new", SERVICE | {"lengths": ["7"]}, "Length must be 5 to 480 minutes, in steps of 5"),
        (f"{S}/new", SERVICE | {"lengths": [""]}, "Length must be 5 to 480 minutes, in steps of 5"),
        (f"{S}/new", SERVICE | {"who": "these"}, "Tick who offers it, or choose everyone"),
        (f"{S}/new", SERVICE | {"where": "these"}, "Tick a room, or choose any room or none"),
    ],
)
def test_a_mistake_is_shown_with_what_was_typed_and_nothing_is_added(app, client, address, fields, message):
    before = row_counts(app)

    answer = client.submit(address, **fields)

    assert answer.status_code == 422
    assert message in spoken(answer.text)
    assert all(f'value="{typed}"' in answer.text for typed in ("violet", "hours")[:1] if address.startswith(S))
    assert row_counts(app) == before


def test_everything_wrong_with_a_service_is_said_at_once(client):
    wrong = {"name": "", "lengths": ["abc"], "buffer_after": "x", "notice": "-1", "horizon": "0", "who": "these"}

    answer = client.submit(f"{S}/new", **(SERVICE | wrong))

    summary = answer.text.split('class="errors"')[1].split("</div>")[0]
    assert summary.count("<a ") == 6
    assert 'value="abc"' in answer.text
    assert 'name="horizon" value="0"' in answer.text
    for target in re.findall(r'href="#([^"]+)"', summary):
        assert f'id="{target}"' in answer.text


@pytest.mark.parametrize(("address", "fields"), [(R, {"name": "One", "places": "2"}), (S, SERVICE | {"name": "One"})])
def test_a_name_that_is_taken_is_a_conflict_at_its_field(app, client, address, fields):
    client.submit(f"{address}/new", **fields)
    before = row_counts(app)

    answer = client.submit(f"{address}/new", **fields)

    assert answer.status_code == 409
    assert "There is already a" in answer.text
    assert 'id="f-name-error"' in answer.text
    assert row_counts(app) == before


def test_a_service_shows_in_words_what_it_means(app, client, here):
    with here():
        brandt_id, gym_id = a_practitioner("Dr Brandt").id, room_service.create(name="Gym", places=3).id
    ticked = {"who": "these", "practitioner_ids": str(brandt_id), "where": "these", "room_ids": str(gym_id)}

    client.submit(f"{S}/new", **(SERVICE | ticked))

    page = spoken(client.get(S).text)
    service = rows(app, "services")[0]
    edit = client.get(f"{S}/{service['id']}/edit").text
    assert "Mole check 30, 45 min 5 after 2 h to 6 months ahead Dr Brandt Gym" in page
    assert (service["notice_minutes"], service["horizon_days"]) == (120, 180)
    assert "Patient 10:00–10:30; practitioner and room 10:00–10:35. Next start on the grid: 10:45" in spoken(edit)
    assert f'value="{gym_id}" checked> Gym (3 places)' in edit
    assert "<option selected>months</option>" in edit


def test_no_ticks_are_everyone_and_any_room_and_a_stale_edit_shows_both_versions(app, client, here):
    with here():
        brandt = a_practitioner("Dr Brandt")
        service = service_catalogue.create(name="Check", lengths=[15], practitioner_ids=[brandt.id])
    edit = f"{S}/{service.id}/edit"
    client.submit(edit, **(SERVICE | {"version": 1}))

    conflict = client.submit(edit, **(SERVICE | {"version": 1, "name": "Mine", "notice": "3", "horizon": ""}))

    page = spoken(conflict.text)
    assert conflict.status_code == 409
    assert rows(app, "service_practitioners") == []
    assert "Name Mine Mole check Shortest notice 3 hours 2 hours Time ahead Not provided 6 months" in page
    merged = dict(re.findall(r'type="(?:hidden|radio)" name="([a-z_]+)" value="([^"]*)"(?: checked)?>', conflict.text))
    merged |= {"name": "Mine", "version": hidden_value(conflict.text, "version")}
    merged = {name: value for name, value in merged.items() if not name.startswith("_") and name != "csrf_token"}
    assert client.submit(edit, **merged).status_code == 303
    assert rows(app, "services")[0]["name"] == "Mine"


def test_a_retired_service_is_shown_on_demand_and_brought_back(app, client, here):
    with here():
        service = service_catalogue.create(name="Check", lengths=[15])

    client.submit(f"{S}/{service.id}/retirement", version=1)
    client.get(S)

    assert "Check" not in client.get(S).text
    assert "Check Retired" in spoken(client.get(f"{S}?inactive=1").text)
    client.submit(f"{S}/{service.id}/reactivation")
    assert rows(app, "services")[0]["active"]


def test_the_page_after_an_invitation_links_a_practitioner(app, client):
    invited = client.submit("/staff/invite", email="rui@example.org", name="Dr Rui Silva", role="practitioner")
    membership_id = invited.location.rpartition("/")[2]
    page = client.get(invited.location).text

    linked = client.submit(f"{P}/link/{membership_id}", practitioner_id="")

    assert f'action="{P}/link/{membership_id}"' in page
    assert linked.location == invited.location
    assert rows(app, "practitioners")[0]["name"] == "Dr Rui Silva"
    assert "Practitioner: Dr Rui Silva" in spoken(client.get(invited.location).text)
    again = client.submit(f"{P}/link/{membership_id}", practitioner_id="")
    assert (again.status_code, len(rows(app, "practitioners"))) == (409, 1)
    receptionist = client.submit("/staff/invite", email="jo@example.org", name="Jo", role="receptionist").location
    assert "/link/" not in client.get(receptionist).text


@pytest.mark.slow
def test_a_linked_practitioner_starts_with_their_own_day(client, clinic, here, member):
    member_id, _membership_id = member
    with here():
        other_id = a_practitioner("Dr Other").id
        own_id = practitioner_service.create(name="Dr Own", member_id=member_id).id
    client.become(member_id, clinic.id)

    home = client.get("/", follow_redirects=True)

    assert _columns(home) == ["Dr Own"]
    everybody = client.submit("/appointments/shown", practitioner_ids=[str(own_id), str(other_id)])
    assert _columns(client.get(everybody.location)) == ["Dr Other", "Dr Own"]


@pytest.mark.slow
def test_a_deactivated_practitioner_does_not_start_with_their_own_day(client, clinic, here, member):
    with here():
        a_practitioner("Dr Other")
        practitioner_service.deactivate(practitioner_service.create(name="Dr Own", member_id=member[0]).id)
    client.become(member[0], clinic.id)

    assert _columns(client.get("/appointments")) == ["Dr Other"]


def test_ending_access_lists_what_is_booked_with_the_linked_practitioner(client, here, member):
    member_id, membership_id = member
    with here():
        linked = practitioner_service.create(name="Dr Own", member_id=member_id)
        booked = an_appointment(practitioner=linked).id

    page = client.get(f"/staff/{membership_id}/deactivation").text

    assert f'href="/appointments/{booked}"' in page
    assert f'href="{P}/{linked.id}/deactivation"' in page


def test_who_may_not_see_the_staff_neither_sees_nor_sets_a_link(client, become, member):
    become("manager", "staff:read")

    page, sent = client.get(f"{P}/new").text, client.submit(f"{P}/new", name="Dr X", member_id=str(member[0]))

    assert "Staff member" not in page
    assert sent.status_code == 422
    assert client.get(f"{P}/link/{member[1]}").status_code == 403


def test_an_empty_schedule_leads_to_the_form_of_a_practitioner(client, become):
    assert f'href="{P}/new"' in client.get("/appointments").text

    become("receptionist")

    page = client.get("/appointments").text
    assert P not in page
    assert "A manager or an administrator adds them." in page


def test_each_page_executes_at_most_twelve_statements(app, client, here, member):
    member_id, membership_id = member
    with here():
        linked = practitioner_service.create(name="Dr Own", member_id=member_id)
        room = room_service.create(name="Room 1")
        service = service_catalogue.create(name="Check", lengths=[15], practitioner_ids=[linked.id], room_ids=[room.id])
        for number in range(3):
            an_appointment(somebody(), linked, MONDAY + timedelta(hours=number))
        pages = [
            *(P, R, S, f"{P}/{linked.id}/edit", f"{P}/{linked.id}/deactivation", f"{R}/{room.id}/edit"),
            *(f"{S}/{service.id}/edit", f"{S}/{service.id}/retirement", f"{P}/link/{membership_id}"),
            *(f"/staff/{membership_id}", f"/staff/{membership_id}/deactivation", "/staff/roles"),
        ]

    counts = {}
    for page in pages:
        with counted_statements(app) as statements:
            assert client.get(page).status_code == 200
        counts[page] = len(of_rows(statements))

    assert {page: count for page, count in counts.items() if count > MOST_STATEMENTS} == {}


def _columns(answer):
    """Return the practitioners who have a column in the schedule."""
    return [name.strip() for name in re.findall(r"<h2[^>]*>([^<]*Dr [^<]*)</h2>", answer.text)]
