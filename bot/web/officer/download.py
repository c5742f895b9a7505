"""Tables as CSV files that Excel opens, with nothing in them that it would take for a formula."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from starlette.responses import Response

from bot.directory.sheets import disarmed


def csv_file(name: str, rows: Iterable[Sequence[object]]) -> Response:
    """Give rows as a CSV file to keep, in UTF-8 with the mark by which Excel knows it."""
    out = StringIO()
    csv.writer(out).writerows([disarmed(str(cell)) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(f"\ufeff{out.getvalue()}", media_type="text/csv; charset=utf-8", headers=headers)
