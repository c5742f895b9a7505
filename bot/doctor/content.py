"""What people are told: whether the directory is whole and lately checked, the translations complete, and somebody there."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.answers.catalogue import Catalogues
from bot.answers.checking import check_catalogues
from bot.answers.moments import day_and_time
from bot.answers.wording import Wordings
from bot.directory.coverage import gaps
from bot.directory.freshness import Freshness, is_urgent, review_of
from bot.directory.hours import BRITISH_TIME
from bot.directory.models import LoadedPack
from bot.directory.records import GuidanceRecord, ServiceRecord, read_directory
from bot.doctor.findings import Finding, Installation, Level, judged
from bot.handover.models import Staff
from bot.moments import utc_now
from bot.switches.off_switches import OffSwitches

WITHOUT_HELP = ("topic_nothing", "no_person", "person_unreachable", "no_services")
"""Gaps of ``bot.directory.coverage`` that leave people without an answer; a district without a council's number is worth a look."""
WORTH_A_LOOK = ("no_council",)
SHOWN_AT_MOST = 5


def directory(case: Installation) -> tuple[Installation, list[Finding]]:
    """Look at whether the directory can be read and helps everybody; give the installation with it where it can be read."""
    if case.database is None:
        return case, []
    do = "Run `make run`, or `.venv/bin/python -m bot prepare`, which fills it."
    with Session(case.database, future=True) as session:
        areas = session.execute(select(LoadedPack.area)).scalars().all()
    if list(areas) != [case.settings.area]:
        found = f"The database holds {', '.join(areas) or 'no directory'}, and AREA is {case.settings.area}."
        return case, [Finding("Directory", Level.BROKEN, found, do)]
    try:
        read = read_directory(case.database)
    except (SQLAlchemyError, LookupError, ValueError) as error:
        return case, [Finding("Directory", Level.BROKEN, f"It cannot be read ({type(error).__name__}).", do)]
    words, faults = Catalogues(), []
    for gap in gaps(read, case.now.astimezone(BRITISH_TIME).date()):
        if gap.what in (*WITHOUT_HELP, *WORTH_A_LOOK):
            put = {**gap.values, "topic": words.say("en", f"topic.{gap.values['topic']}")} if "topic" in gap.values else gap.values
            level = Level.BROKEN if gap.what in WITHOUT_HELP else Level.LOOK
            faults.append((level, words.say("en", f"officer.area.gap.{gap.what}", **put), "An officer adds what is missing, at /officer."))
    well = f"{len(read.services)} services; every core topic is served everywhere."
    return replace(case, directory=read), judged("Directory", faults, well)


def urgent_numbers(case: Installation) -> list[Finding]:
    """Look at whether what people in danger are told was checked lately."""
    if case.directory is None:
        return []
    today = case.now.astimezone(BRITISH_TIME).date()
    shown: list[ServiceRecord | GuidanceRecord] = [*case.directory.services, *case.directory.guidance]
    records = [record for record in shown if is_urgent(record)]
    stale = [record.key for record in records if review_of(record, today).freshness is not Freshness.FRESH]
    if not stale:
        return [Finding("Urgent numbers", Level.OK, f"All {len(records)} records were checked in the last three months.")]
    named = ", ".join(stale[:SHOWN_AT_MOST]) + (f" and {len(stale) - SHOWN_AT_MOST} more" if len(stale) > SHOWN_AT_MOST else "")
    found = f"{len(stale)} of {len(records)} records that urgent answers are made of were never checked, or not for three months: {named}."
    return [Finding("Urgent numbers", Level.LOOK, found, "An officer calls each number and confirms the record, at /officer.")]


def translations(case: Installation) -> list[Finding]:
    """Look at whether all that is said is said in every language."""
    if case.directory is None or case.database is None:
        return []
    catalogues = Catalogues(wordings=Wordings(case.database, utc_now))
    faults = check_catalogues(catalogues, case.directory, case.now.astimezone(BRITISH_TIME).date()).faults
    if faults:
        found = f"{len(faults)} texts are missing, out of date or broken in {', '.join(sorted({fault.language for fault in faults}))}."
        return [Finding("Translations", Level.LOOK, found, "`.venv/bin/python -m bot catalogue check` lists them.")]
    return [Finding("Translations", Level.OK, "All languages are whole.")]


def accounts(case: Installation) -> list[Finding]:
    """Look at whether there is anybody who can sign in."""
    if case.database is None:
        return []
    with Session(case.database, future=True) as session:
        roles = list(session.execute(select(Staff.role).where(Staff.disabled_at.is_(None))).scalars())
    faults = []
    add = "`.venv/bin/python -m bot staff add USERNAME --name NAME --role"
    if case.settings.desk_hours and not roles:
        found = "The desk has hours and nobody an account: messages would lie unread."
        faults.append((Level.BROKEN, found, f"Make accounts: {add} staff`."))
    if roles.count("officer") < 2:
        found = f"{roles.count('officer') or 'No'} account can keep the directory, and changes of urgent numbers need two officers."
        faults.append((Level.LOOK, found, f"Make accounts: {add} officer`."))
    return judged("Accounts", faults, f"{len(roles)} people can sign in, {roles.count('officer')} of them as officers.")


def off_switches(case: Installation) -> list[Finding]:
    """Look at whether something is switched off, and may have been forgotten."""
    if case.database is None:
        return []
    words, faults = Catalogues(), []
    for off in OffSwitches(case.database).current():
        found = words.say("en", f"staff.off.{off.what}", name=off.by, moment=day_and_time(off.since, "en"))
        do = f"An officer switches it on at /officer/switches, or `.venv/bin/python -m bot switch {off.what} on --why REASON`."
        faults.append((Level.LOOK, found, do))
    return judged("Off switches", faults, "Nothing is switched off.")
