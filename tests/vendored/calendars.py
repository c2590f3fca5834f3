"""icalendar with python-dateutil: reading and writing events with time zones."""
from datetime import datetime
from zoneinfo import ZoneInfo

from caisson import Service
from icalendar import Calendar, Event

TEXT = '\r\n'.join((
    'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//y//', 'BEGIN:VEVENT', 'UID:1@x', 'DTSTAMP:20260101T000000Z',
    'DTSTART;TZID=Europe/Warsaw:20260701T120000', 'SUMMARY:Zażółć\\, gęślą', 'RRULE:FREQ=WEEKLY;COUNT=3', 'END:VEVENT', 'END:VCALENDAR', ''))


class Work(Service):
    def handle(self):
        event = Calendar.from_ical(TEXT).walk('VEVENT')[0]
        made = Event()
        made.add('summary', 'x' * 80)
        made.add('dtstart', datetime(2026, 7, 1, 12, tzinfo=ZoneInfo('Europe/Warsaw')))
        self.response.payload = {
            'summary': str(event['SUMMARY']), 'start': event['DTSTART'].dt.isoformat(), 'rule': event['RRULE'].to_ical().decode(),
            'lines': made.to_ical().decode().splitlines(),
        }
