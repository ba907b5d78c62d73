"""Methods: what only looks writes nothing, and nobody comes by another method than the one that was sent."""

from uuid import uuid4

import pytest
from werkzeug.routing import IntegerConverter, UUIDConverter

from clinic.web.request_hooks import csrf
from tests.assertions import contents, rows
from tests.builders import a_patient, a_practitioner, an_appointment
from tests.databases import on_one_database
from tests.page_client import PageClient

LOOKING = ("GET", "HEAD", "OPTIONS")
METHODS = (*LOOKING, "POST", "PUT", "PATCH", "DELETE")
BY_SCRIPTS = {"/account/session"}
SMUGGLED = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST"}


def address(app, rule, ids):
    """Return an address of a rule: with the ids of records that there are, else with one of nothing."""
    samples = {UUIDConverter: uuid4(), IntegerConverter: 2029}
    values = {name: ids.get(name, samples.get(type(rule._converters[name]), "x")) for name in rule.arguments}
    return app.url_map.bind("").build(rule.endpoint, values)


def addresses(app, ids, method):
    """Return an address of every rule that answers to a method."""
    rules = [rule for rule in app.url_map.iter_rules() if method in rule.methods and rule.endpoint != "static"]
    return sorted({address(app, rule, ids) for rule in rules})


@pytest.fixture
def ids(app, client, here):
    """The ids of one record of each kind."""
    with here():
        appointment = an_appointment(a_patient(), a_practitioner())
        found = {"patient_id": appointment.patient_id, "practitioner_id": appointment.practitioner_id}
        found |= {"appointment_id": appointment.id, "notification_id": rows(app, "notifications")[0]["id"]}
    line = {"description": "Visit", "quantity": "1", "unit_price": {"amount": "9.00", "currency": "EUR"}}
    invoice = client.post("/api/v1/invoices", json={"patient_id": str(appointment.patient_id), "lines": [line]})
    tables = {"membership_id": "memberships", "member_id": "staff_members", "key_id": "api_keys"}
    return (
        found | {"invoice_id": invoice.json["id"]} | {name: rows(app, table)[0]["id"] for name, table in tables.items()}
    )


READ = {200, 204, 302, 303, 401, 404, 410}
BILLING = "/invoices/unbilled"
"""Shows its form only where there is a visit to bill."""

WITHOUT_TOKEN = ("/api/", "/my/")
"""Programs send a key, and patients the token of a link."""

INCOMPLETE = ("/notifications/explain", "/letter.pdf")
"""Addresses that ask for a query, and for a message that is a letter."""


@pytest.mark.breadth
@pytest.mark.row(25)
@pytest.mark.parametrize("method", LOOKING)
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "anonymous"])
def test_looking_at_everything_writes_nothing(app, client, ids, method, signed_in):
    browser, before = client if signed_in else PageClient(app), contents(app)
    urls = addresses(app, ids, method)

    statuses = {url: browser.open(url, method=method).status_code for url in urls}

    assert len(urls) > 30
    assert {
        url: status for url, status in statuses.items() if status not in READ and not url.endswith(INCOMPLETE)
    } == {}
    assert contents(app) == before


@on_one_database
@pytest.mark.slow
def test_every_address_that_pages_post_to_answers_get_and_shows_the_form_if_there_is_one(app, client, ids):
    client.submit(f"/invoices/{ids['invoice_id']}/issue", version="1")
    client.submit("/account/second-step/begin")
    urls = [url for url in addresses(app, ids, "POST") if not url.startswith("/api/")]

    answers = {url: client.get(url) for url in urls}

    assert len(urls) > 20
    statuses = {url: answer.status_code for url, answer in answers.items()}
    assert {url: status for url, status in statuses.items() if status not in {200, 204, 302, 303, 404, 410}} == {}
    pages = {url: answers[url].text for url in urls if statuses[url] == 200 and url not in BY_SCRIPTS}
    assert len(pages) > 10
    assert [url for url, page in pages.items() if f'action="{url}"' not in page] == [BILLING]


@on_one_database
@pytest.mark.slow
@pytest.mark.row(26)
def test_no_method_is_smuggled_in(app, client, ids):
    before, token = contents(app), client.token()
    looked_at, answered = addresses(app, ids, "GET"), app.url_map.bind("").allowed_methods

    for url in looked_at:
        smuggled = "DELETE" if "DELETE" in answered(url) else "POST"
        status = client.get(f"{url}?_method={smuggled}&csrf_token={token}", headers=SMUGGLED).status_code
        assert status in {200, 204, 302, 303, 400, 404, 410} or url.endswith(INCOMPLETE), (url, status)
    for url in [url for url in looked_at if "POST" not in answered(url)]:
        form = {"_method": "GET", "csrf_token": token}
        assert client.post(url, data=form, headers={"X-HTTP-Method-Override": "GET"}).status_code == 405, url

    assert contents(app) == before


@on_one_database
@pytest.mark.slow
@pytest.mark.row(26)
def test_trace_is_refused_to_an_administrator_at_every_address(app, client, ids):
    for url in {url for method in METHODS for url in addresses(app, ids, method)}:
        answer = client.open(url, method="TRACE")
        assert answer.status_code == 405, url
        assert "TRACE" not in answer.headers["Allow"]


@on_one_database
@pytest.mark.slow
@pytest.mark.row(27)
def test_the_token_is_checked_before_access(app, client, ids, become):
    strangers = [PageClient(app), client]
    become("read-only")

    for url in addresses(app, ids, "POST"):
        for browser in strangers:
            answer = browser.post(url, headers={"Idempotency-Key": "k" * 16})
            assert (answer.status_code == 400) is not url.startswith(WITHOUT_TOKEN), url


@pytest.mark.row(27)
def test_only_the_api_takes_what_has_no_token(app):
    apis = {name for name in app.blueprints if name.startswith("api_")}

    # The view of the sign-in form checks its token itself, see test_forms.py; the links in messages to patients have
    # their token in the address.
    links = {f"visit_links.{name}" for name in ("answer", "enter_birth_date", "move")}
    links |= {"message_links.stop", "message_links.unsubscribe"}
    by_link = {f"clinic.notifications.pages.{name}" for name in links}
    assert csrf._exempt_views == {"clinic.staff.pages.sign_in.begin_session", *by_link}
    assert {
        blueprint if isinstance(blueprint, str) else blueprint.name for blueprint in csrf._exempt_blueprints
    } == apis
    assert {rule.rule[:8] for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in apis} == {
        "/api/v1/"
    }
    assert app.config.get("WTF_CSRF_CHECK_DEFAULT", True)
    assert set(app.config["WTF_CSRF_METHODS"]) == {"POST", "PUT", "PATCH", "DELETE"}
