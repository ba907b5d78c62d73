"""The list of patients: filters by all modules, orders, pages in both directions, and what its rows show."""

import re
from datetime import timedelta

import pytest

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from clinic.core.tenancy import clinic_scope, current_clinic_id
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import consent_service, patient_service
from tests.assertions import rows, spoken
from tests.billing.invoices import an_invoice
from tests.builders import OWN, a_clinic, a_member, a_patient, a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

URL = "/api/v1/patients"


@pytest.fixture
def people(store_once):
    """Patients, each with what one filter selects; the same in another clinic, who must not be found."""
    store_once(_people)


def _people():
    own = current_clinic_id()
    with clinic_scope(a_clinic(name="Other Clinic").id):
        _owing("Noise")
    with clinic_scope(own):
        _patients_to_select()


def _patients_to_select():
    practitioner = a_practitioner()
    _owing("Abreu")
    seen = a_patient(family_name="Bianchi")
    visit = an_appointment(seen, practitioner, now() - timedelta(days=40))
    for move in (appointment_service.arrive, appointment_service.check_in, appointment_service.fulfil):
        move(visit.id, version=None)
    an_appointment(seen, practitioner, now() + timedelta(days=3))
    withdrawn = a_patient(family_name="Costa")
    consent_service.record(withdrawn.id, {("reminders", "email"): False}, source="phone")
    asked = a_patient(family_name="Duarte")
    consent_service.record(asked.id, {("recalls", "email"): False}, source="phone")
    patient_service.archive(a_patient(family_name="Elias").id)
    patient_service.record_death(a_patient(family_name="Faria").id, deceased_on=now().date())


def _owing(name):
    an_invoice(a_patient(family_name=name))


def names(client, query):
    return [one["family_name"] for one in client.get(f"{URL}?{query}").json["data"]]


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("balance=due", ["Abreu"]),
        ("no_visit=12", ["Abreu", "Costa", "Duarte", "Faria"]),
        ("no_visit=6&balance=due", ["Abreu"]),
        ("consent=no-reminders", ["Costa"]),
        ("consent=withdrawn", ["Costa"]),
        ("consent=recalls-not-asked", ["Abreu", "Bianchi", "Costa", "Faria"]),
        ("status=archived", ["Elias"]),
        ("status=deceased", ["Faria"]),
        ("", ["Abreu", "Bianchi", "Costa", "Duarte", "Faria"]),
        ("status=all", ["Abreu", "Bianchi", "Costa", "Duarte", "Elias", "Faria"]),
    ],
)
def test_a_filter_selects_the_same_by_json_on_the_page_and_as_a_command(client, run, people, query, found):
    options = [part for pair in query.split("&") if pair for part in ("--" + pair.replace("_", "-")).split("=")]

    assert names(client, f"{query}&sort=name") == found
    assert re.findall(r'class="name" href="[^"]*"><b>(\w+)</b>', client.get(f"/patients?{query}").text) == found
    listed = run("patients", "list", "--clinic", OWN, "--sort", "name", *options).stdout.splitlines()
    assert [line.split("\t")[1] for line in listed] == found


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    "sort", ["name", "-name", "number", "-number", "registered", "-registered", "updated", "-updated"]
)
def test_an_order_lists_everybody_once_in_both_directions(here, sort):
    with here():
        with unit_of_work():
            for count in range(7):
                somebody(family_name=("Same", "Other")[count % 2])
        whole = [one.id for one in patient_service.list(sort=sort).rows]
        forth, page = [], patient_service.list(sort=sort, limit=3)
        while True:
            forth.append([one.id for one in page.rows])
            if page.next_key is None:
                break
            page = patient_service.list(sort=sort, limit=3, after=page.next_key)
        back = [forth[-1]]
        while page.previous_key:
            page = patient_service.list(sort=sort, limit=3, after=page.previous_key)
            back.insert(0, [one.id for one in page.rows])

    assert [one for ids in forth for one in ids] == whole
    assert back == forth
    assert len(set(whole)) == 7


@pytest.mark.slow
def test_the_page_names_the_order_and_links_to_the_reverse(client, people):
    page = client.get("/patients").text

    assert '<th scope="col" aria-sort="ascending"><a href="/patients?sort=-name">Name</a>' in page
    assert '<th scope="col" aria-sort="none"><a href="/patients?sort=number">No.</a>' in page
    assert page.index("Abreu") < page.index("Faria")


@pytest.mark.slow
def test_previous_and_next_are_always_there_and_keep_the_filter(client, here):
    with here(), unit_of_work():
        for count in range(45):
            somebody(family_name=f"Number {count:02}", email=None)

    first = client.get("/patients?no_visit=6").text
    url = first.split('rel="next"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
    second = client.get(url).text
    back = second.split('rel="prev"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")

    assert "no_visit=6" in url
    assert 'aria-disabled="true"' in first.partition("Previous")[0].rpartition("<nav")[2]
    assert "Number 20" in second
    assert "Number 19" in client.get(back).text
    assert "Number 20" not in client.get(back).text
    assert "20 of 45" in spoken(first)


@pytest.mark.slow
def test_rows_show_the_visits_the_balance_and_what_the_desk_must_know(client, people):
    page = spoken(client.get("/patients?status=all").text)

    assert re.search(r"Abreu, Inês .* 50,00 €", page)
    assert re.search(r"Bianchi, Inês 21-Jun-1991 .* \w{3} \d+ \w{3}.* \w{3} \d+ \w{3}", page)
    assert "Costa, Inês No reminders" in page
    assert "Elias, Inês Archived" in page
    assert "Faria, Inês Deceased" in page


def test_the_heading_says_the_total_and_what_was_chosen(client, people):
    assert "1 patient with something to pay" in spoken(client.get("/patients?balance=due").text)
    assert "4 patients without a visit for 12 months" in spoken(client.get("/patients?no_visit=12").text)
    assert "No patient matches" in client.get("/patients?balance=due&status=archived").text
    assert "Clear filters" in client.get("/patients?balance=due&status=archived").text


def test_more_than_ten_thousand_are_not_counted(client, people, monkeypatch):
    monkeypatch.setattr("clinic.patients.lists.MOST_COUNTED", 3)
    monkeypatch.setattr("clinic.patients.pages.patient_list.MOST_COUNTED", 3)

    assert "10,000+ patients" in spoken(client.get("/patients").text)


@pytest.mark.slow
def test_those_opened_last_come_first_each_once(client, here, people):
    ids = {row["family_name"]: row["id"] for row in rows(client.application, "patients")}
    for name in ("Costa", "Abreu", "Duarte", "Abreu", "Bianchi", "Elias", "Faria"):
        client.get(f"/patients/{ids[name]}")

    page = client.get("/patients").text
    recent = page[page.index('class="recents"') : page.index("</ul>", page.index('class="recents"'))]

    assert re.findall(r"<b>(\w+)</b>", recent) == ["Faria", "Elias", "Bianchi", "Abreu", "Duarte"]
    assert 'class="recents"' not in client.get("/patients?balance=due").text


@pytest.mark.parametrize(("denied", "gone"), [("invoices:read", "balance=due"), ("appointments:read", "no_visit=6")])
def test_a_filter_of_records_that_one_may_not_see_is_neither_offered_nor_answered(client, clinic, here, denied, gone):
    with here():
        member = a_member(clinic.id, "manager", email="denied@example.org", denied=[denied]).id
        somebody()
    client.become(member, clinic.id)

    page = client.get("/patients").text

    assert f'name="{gone.split("=")[0]}"' not in page
    assert ("To pay" in page, "Next visit" in page) == (denied != "invoices:read", denied != "appointments:read")
    assert client.get(f"/patients?{gone}").status_code == 403


@pytest.mark.slow
@pytest.mark.both_databases
def test_what_was_changed_since_is_listed_by_the_change_also_if_it_is_archived(client, here):
    with here():
        first, second, _old = [somebody(family_name=name).id for name in ("First", "Second", "Old")]
    since = now().isoformat().replace("+00:00", "Z")
    with here():
        patient_service.update(second, version=None, given_name="Rita")
        patient_service.archive(first)

    assert names(client, f"updated_since={since}") == ["Second", "First"]
    assert names(client, f"updated_since={since}&status=active") == ["Second"]


def test_a_page_and_a_json_list_take_few_statements(app, client, people):
    client.get("/patients")
    client.get(f"{URL}?balance=due")

    with counted_statements(app) as on_page:
        client.get("/patients?balance=due&sort=-name")
    with counted_statements(app) as first_page:
        client.get("/patients")
    with counted_statements(app) as by_json:
        client.get(f"{URL}?balance=due&consent=recalls-not-asked&updated_since=2026-01-01T00:00:00Z")

    assert len(of_rows(on_page)) <= 12, of_rows(on_page)
    assert len(of_rows(first_page)) <= 12, of_rows(first_page)
    assert len([one for one in of_rows(by_json) if "FROM api_keys" not in one]) <= 4, of_rows(by_json)


@pytest.mark.breadth
@pytest.mark.parametrize("query", ["status=gone", "balance=nonsense", "no_visit=7", "consent=x", "sort=email"])
def test_a_value_that_does_not_exist_is_refused_everywhere(client, run, query):
    name, value = query.split("=")

    assert client.get(f"/patients?{query}").status_code == 422
    assert client.get(f"{URL}?{query}").status_code == 422
    assert run("patients", "list", f"--{name.replace('_', '-')}", value).exit_code == 2
