"""Turns CSV, as spreadsheets export it, into JSON."""

import csv
import io

from zato.common.exception import BadRequest
from zato.server.service import Service


class ReadCSV(Service):
    """Takes CSV with names of columns in its first row; answers a list with an object for every other row."""

    def handle(self):
        try:
            text = self.request.raw_request.decode('utf-8')
        except UnicodeDecodeError:
            raise BadRequest(self.cid, 'The file is not in UTF-8', needs_msg=True) from None
        rows = list(csv.DictReader(io.StringIO(text), strict=True))
        self.logger.info('Read %d rows', len(rows))
        self.response.payload = rows
        self.response.status_code = 200 if rows else 204
