"""The report of a check of web addresses: in plain words for officers, and as a sheet for Excel."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from bot.answers.catalogue import Catalogues
from bot.directory.sheets import disarmed
from bot.links.addresses import WebAddress
from bot.links.verdicts import Finding, Verdict

COLUMNS = ("sheet", "key", "column", "name", "address", "verdict", "new_address", "what_to_do", "looked_on")


def what_to_do(finding: Finding, address: WebAddress, catalogues: Catalogues) -> str:
    """Say what was found and what an officer can do about it."""
    return catalogues.say(
        "en", f"officer.link.{finding.verdict.value}", new=finding.new_url, sheet=address.sheet, column=address.column, row=address.key
    )


def report(addresses: Iterable[WebAddress], found: Mapping[str, Finding], catalogues: Catalogues) -> Iterator[str]:
    """Give the lines of the report: each address that does not work, with its record, and at the end how many do."""
    every = list(addresses)
    wrong = [address for address in every if found[address.url].verdict is not Verdict.WORKS]
    for address in wrong:
        yield catalogues.say(
            "en", "officer.link.record", name=address.name, sheet=address.sheet, row=address.key, column=address.column, url=address.url
        )
        yield f"  {what_to_do(found[address.url], address, catalogues)}"
    key = "officer.link.all_work" if not wrong else "officer.link.some_work"
    yield catalogues.say("en", key, all=len(every), works=len(every) - len(wrong), wrong=len(wrong))


def write_sheet(path: Path, addresses: Iterable[WebAddress], found: Mapping[str, Finding], catalogues: Catalogues, looked_on: date) -> None:
    """Write every address with what was found as a CSV file in UTF-8 for Excel; no cell is a formula there. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for address in addresses:
            finding = found[address.url]
            said = what_to_do(finding, address, catalogues)
            cells = (
                *(address.sheet, address.key, address.column, address.name, address.url),
                *(finding.verdict.value, finding.new_url, said, looked_on.isoformat()),
            )
            writer.writerow([disarmed(cell) for cell in cells])
