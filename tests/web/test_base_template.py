"""The frame around every page: who is signed in, where, and what they may look for."""

from types import SimpleNamespace

import pytest
from flask import render_template

from tests.assertions import spoken

HARBOUR = {"id": "019c-1", "name": "Harbour Clinic", "current": True}
ESTORIL = {"id": "019c-2", "name": "Estoril", "current": False}


@pytest.fixture
def frame(app, monkeypatch):
    """Render a page for somebody: `frame(me, permissions)`."""
    monkeypatch.setattr(app, "url_build_error_handlers", [lambda _error, endpoint, _values: f"/{endpoint}"])

    def render(me, *permissions, template="base.html", **shown):
        with app.test_request_context("/patients"):
            return render_template(template, me=me, has_permission=lambda name: name in permissions, **shown)

    return render


def jo(*clinics):
    """Return somebody of the front desk."""
    return SimpleNamespace(name="Jo <Reyes>", role_label="Front desk", email="jo@example.org", clinics=list(clinics))


def test_whoever_is_signed_in_is_named_with_role_and_clinic(frame):
    page = frame(jo(HARBOUR), "patients:read")

    assert "Jo <Reyes> ▾ Jo <Reyes> Front desk, Harbour Clinic jo@example.org My account Sign out" in spoken(page)
    assert "Jo <Reyes>" not in page
    assert "clinic_id" not in page


def test_the_clinic_stays_visible_on_a_narrow_screen_if_there_are_several(frame):
    shown = {"clinic": HARBOUR, "clinic_name": "Harbour Clinic"}

    assert '<span class="clinic">Harbour Clinic</span>' in frame(jo(HARBOUR, ESTORIL), **shown)
    assert '<span class="clinic hide-s">Harbour Clinic</span>' in frame(jo(HARBOUR), **shown)


def test_whoever_is_in_several_clinics_can_change_to_another(frame):
    page = frame(jo(HARBOUR, ESTORIL), "patients:read")
    switch = page.partition('<form class="clinics"')[2].partition("</form>")[0]

    assert 'method="post"' in switch
    assert 'name="csrf_token"' in switch
    assert 'value="019c-1" aria-current="true"' in switch
    assert 'name="clinic_id" value="019c-2">Estoril<' in switch


def test_changing_the_clinic_and_signing_out_work_from_a_page_of_any_clinic(app, frame, here):
    with here():
        page = frame(jo(HARBOUR, ESTORIL), "patients:read")

    assert 'name="csrf_token"' in page
    assert 'name="_clinic"' not in page


def test_nobody_signed_in_is_offered_nothing_that_needs_it(frame):
    page = frame(None)

    assert 'aria-label="Main"' not in page
    assert 'role="search"' not in page
    assert "Sign out" not in page


@pytest.mark.parametrize("template", ["base.html", "errors/error.html"])
def test_patients_are_looked_for_only_by_those_who_may_see_them(frame, template):
    shown = {"error": SimpleNamespace(status=404, details={}, detail=""), "typed": None, "reference": "ref-1"}

    page = frame(jo(HARBOUR), "invoices:read", template=template, **shown)

    assert 'role="search"' not in page
    assert "Sign out" in page
    assert 'role="search"' in frame(jo(HARBOUR), "patients:read", template=template, **shown)


def test_a_form_of_another_clinic_leads_back_to_that_one(frame):
    error = SimpleNamespace(status=409, code="other-clinic", details={"clinic_id": "019c-2"}, detail="")

    page = frame(jo(HARBOUR, ESTORIL), template="errors/error.html", error=error, typed=None, reference="ref-1")

    assert 'name="clinic_id" value="019c-2">Go back to Estoril<' in page


def test_a_clinic_that_is_not_ones_own_is_not_led_to(frame):
    error = SimpleNamespace(status=409, code="other-clinic", details={"clinic_id": "019c-2"}, detail="")

    page = frame(jo(HARBOUR), template="errors/error.html", error=error, typed=None, reference="ref-1")

    assert "Go back to" not in page
