"""tmp"""
from datetime import time, timedelta
import pytest
from sqlalchemy import event
from clinic.core.db import db
from clinic.core.clock import today
from tests.builders import a_patient, a_practitioner
from clinic.appointments.service import service_catalogue, room_service, hours_service
from clinic.appointments.working_time import WeeklyRange

def test_count(app, client, here):
    with here():
        p = a_patient(); d = a_practitioner(); e=a_practitioner("Dr Lukas Brandt"); r = room_service.create(name="R1")
        s = service_catalogue.create(name="Mole", lengths=[30], practitioner_ids=[d.id], room_ids=[r.id])
        hours_service.set_week(d.id, [WeeklyRange(wd, 480, 750) for wd in range(5)]+[WeeklyRange(wd, 810, 1020) for wd in range(5)])
        pid, sid=p.id, s.id
    seen=[]
    with app.app_context():
        engine=db.engine
    event.listen(engine, "before_cursor_execute", lambda c,cu,st,*m: seen.append(st))
    day = today("Europe/Lisbon")+timedelta(days=7-today("Europe/Lisbon").weekday())
    for url in ("/appointments/new", f"/appointments/new?patient={pid}&service_id={sid}", "/appointments/new?patient=per", f"/appointments/new?patient={pid}&service_id={sid}&why_day={day}&why=13:00", f"/appointments/new?patient={pid}&why_day={day}&why=19"):
        seen.clear()
        a=client.get(url)
        print("\n==", url, a.status_code, len(a.text), len([s for s in seen if not s.startswith("BEGIN")]))
        if a.status_code!=200: print(a.text[:3000])
        if "why" in url: print(a.text[a.text.index('id="why-title"'):a.text.index('id="typed-title"')])
