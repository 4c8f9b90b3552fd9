"""What programs on the Python library caldav do, from the bare address on: prints one JSON object of what it got.

Usage: /usr/bin/python3 python-caldav.py URL USER PASSWORD
"""
import json
import sys
from datetime import datetime

import caldav

url, user, password = sys.argv[1:4]
seen = {}


def event(uid, title, *more):
    inner = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T090000Z", f"SUMMARY:{title}", *more, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Test//EN", *inner, "END:VCALENDAR", ""])


def titles(objects):
    return sorted(each.icalendar_instance.subcomponents[0]["SUMMARY"] for each in objects)


client = caldav.DAVClient(url, username=user, password=password)
principal = client.principal()
seen["principal"] = principal.url.path
seen["addresses"] = principal.calendar_user_address_set()
seen["calendars"] = sorted(each.name for each in principal.calendars())

calendar = principal.make_calendar(name="Made by Python", cal_id="python")
seen["made"] = [calendar.name, calendar.get_supported_components()]
calendar.save_event(event("one", "Once", "DTSTART:20270105T090000Z", "DTEND:20270105T100000Z"))
calendar.save_event(event("many", "Weekly", "DTSTART:20270104T120000Z", "DTEND:20270104T130000Z", "RRULE:FREQ=WEEKLY;COUNT=10"))
seen["events"] = titles(calendar.events())
seen["by uid"] = titles([calendar.event_by_uid("one")])
found = calendar.date_search(datetime(2027, 1, 10), datetime(2027, 1, 31), expand=True)
starts = [str(part["DTSTART"].dt) for each in found for part in each.icalendar_instance.subcomponents]
seen["expanded"] = sorted(starts)
busy = calendar.freebusy_request(datetime(2027, 1, 4), datetime(2027, 1, 6))
seen["busy"] = sum(1 for line in busy.data.splitlines() if line.startswith("FREEBUSY"))

tasks = next(each for each in principal.calendars() if "VTODO" in each.get_supported_components())
task = tasks.save_todo(summary="Buy milk", due=datetime(2027, 1, 5, 12))
tasks.save_todo(summary="Buy bread")
seen["tasks"] = titles(tasks.todos())
task.complete()
seen["left"] = titles(tasks.todos())

state = calendar.objects_by_sync_token(load_objects=True)
one = calendar.event_by_uid("one")
one.vobject_instance.vevent.summary.value = "Renamed"
one.save()
calendar.event_by_uid("many").delete()
updated, deleted = state.sync()
seen["sync"] = [titles(updated), len(deleted)]

try:
    calendar.event_by_uid("many")
    seen["gone"] = "still there"
except caldav.lib.error.NotFoundError:
    seen["gone"] = "gone"
calendar.delete()
seen["after"] = sorted(each.name for each in principal.calendars())
print(json.dumps(seen))
