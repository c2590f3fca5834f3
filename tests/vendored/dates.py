"""python-dateutil: parsing, relative deltas, recurrence rules, time zones."""
from datetime import datetime

from caisson import Service
from dateutil import parser, relativedelta, rrule, tz


class Work(Service):
    def handle(self):
        start = datetime(2026, 1, 31, 9)
        warsaw = tz.gettz('Europe/Warsaw')
        try:
            parser.parse('not a date')
            wrong = 'parsed'
        except ValueError as error:
            wrong = type(error).__name__
        self.response.payload = {
            'parsed': [parser.parse(text).isoformat() for text in ('Thu Sep 25 10:36:28 2003', '20260203T040506Z', '3 Feb 2026 4pm', '2026-02-03 04:05:06.5+02:00')],
            'day_first': parser.parse('03/02/2026', dayfirst=True).date().isoformat(), 'iso': parser.isoparse('2026-W06-2').isoformat(),
            'month_later': (start + relativedelta.relativedelta(months=+1)).isoformat(),
            'last_friday': (start + relativedelta.relativedelta(day=31, weekday=relativedelta.FR(-1))).date().isoformat(),
            'rule': [day.date().isoformat() for day in rrule.rrule(rrule.MONTHLY, byweekday=rrule.FR(1), count=3, dtstart=start)],
            'from_text': [day.day for day in rrule.rrulestr('FREQ=DAILY;INTERVAL=10;COUNT=3', dtstart=start)],
            'utc': datetime(2026, 7, 1, 12, tzinfo=tz.UTC).isoformat(), 'offset': tz.tzoffset('x', 3600).utcoffset(start).total_seconds(),
            'warsaw': datetime(2026, 7, 1, 12, tzinfo=warsaw).isoformat() if warsaw else None, 'wrong': wrong,
        }
