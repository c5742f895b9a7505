"""Files in and out: a file is uploaded, checked and previewed, and then imported in one go; the directory is downloaded as it stands."""

import contextlib
import json
from dataclasses import replace
from datetime import datetime, timezone

from anyio import sleep, to_thread
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.directory.comparing import Difference
from bot.directory.hours import BRITISH_TIME
from bot.directory.importing import Choices, Progress
from bot.directory.uploads import CHECKING, IMPORTING, LARGEST, READY, STOPPED, Staged
from bot.errors import PackError
from bot.fetching.feed import fetch_feed
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.editing import refresh
from bot.web.officer.fields import PARTS
from bot.web.officer.office import described, in_english, moment, office_of, officer
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

ROOM = 64 * 1024
"""Bytes of an upload's form beside the file."""
BEGIN, LOOKS = 0.1, 20
"""Seconds that work is given to begin before its page is shown, and how many times, on a machine that is busy."""
WORKING = (CHECKING, IMPORTING)
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


async def show_files(request: Request, who: Session) -> Response:
    """Show where files are given and taken."""
    return await _files(request, who)


async def _files(request: Request, who: Session, error: str = "", status: int = 200) -> Response:
    recent = await to_thread.run_sync(office_of(request).uploads.recent)
    settings = pipeline_of(request).settings
    return show(
        request,
        who,
        "officer/files.html",
        status,
        recent=recent,
        error=error,
        moment=moment,
        feeds=settings.feed_allow,
        megabytes=LARGEST >> 20,
    )


async def upload(request: Request, who: Session) -> Response:
    """Take in a file, or the address of a feed, and have it read and checked while nobody waits."""
    form, uploads = await given(request), office_of(request).uploads
    address = text_of(form, "feed", 400)
    file = form.get("file")
    try:
        if address:
            number = await to_thread.run_sync(uploads.expect, address, officer(who))
        elif isinstance(file, UploadFile) and file.filename:
            number = await to_thread.run_sync(uploads.add, file.filename, await file.read(), officer(who))
        else:
            return await _files(request, who, "officer.no_file", 422)
    except PackError as error:
        return await _files(request, who, str(error), 422)
    pipeline_of(request).in_the_background(_check(request, number, Choices()))
    return RedirectResponse(f"/officer/files/{number}", 303)


async def _check(request: Request, number: str, choices: Choices, instead: bool = False) -> None:
    allowed = pipeline_of(request).settings.feed_allow

    def fetch(address: str, tell: Progress) -> bytes:
        services = fetch_feed(address, allowed, progress=tell)
        # No longer than what was read, so that what may be fetched may be imported.
        return json.dumps(services, ensure_ascii=False, separators=(",", ":")).encode()

    # Somebody else may have begun to work on it first.
    with contextlib.suppress(PackError):
        await to_thread.run_sync(office_of(request).uploads.check, number, choices, instead, fetch)


async def _carry_out(request: Request, number: str, who: Session) -> None:
    with contextlib.suppress(PackError):
        await to_thread.run_sync(office_of(request).uploads.carry_out, number, officer(who))
    await refresh(request)


async def show_upload(request: Request, who: Session) -> Response:
    """Show how far an upload is, what its check found, and what would change."""
    staged = await to_thread.run_sync(office_of(request).uploads.staged, request.path_params["number"])
    if staged is None:
        return show(request, who, "officer/gone.html", 404, kind="upload", key=request.path_params["number"])
    names = {(one.kind, one.key): one.name for one in await to_thread.run_sync(office_of(request).listing.entries)}
    say, knows = in_english(request)
    compared = [
        {"rows": [described(say, knows, Difference(**cell)) for cell in one["cells"]], "more": one["count"] - len(one["cells"])}
        for one in staged.report.get("differences", [])
    ]
    return show(
        request,
        who,
        "officer/upload.html",
        staged=staged,
        working=staged.state in WORKING,
        names=names,
        compared=compared,
        moment=moment,
        editable=PARTS,
    )


def _choices(form: FormData) -> Choices:
    same = {name.removeprefix("same."): str(value)[:80] for name, value in form.items() if name.startswith("same.") and value}
    return Choices(leave_out=text_of(form, "leave_out", 1) == "1", end_missing=text_of(form, "end_missing", 1) == "1", same_as=same)


def _are_those_of(choices: Choices, staged: Staged) -> bool:
    """Tell whether ``choices`` of a form are those that the preview was made with."""
    made_with = Choices(**staged.report["choices"])
    return replace(made_with, leave_out=choices.leave_out, end_missing=choices.end_missing, same_as=choices.same_as) == made_with


async def act(request: Request, who: Session) -> Response:
    """Check an upload with other choices, or import it."""
    form, uploads, number = await given(request), office_of(request).uploads, request.path_params["number"]
    staged = await to_thread.run_sync(uploads.staged, number)
    if staged and staged.state in (READY, STOPPED):
        pipeline = pipeline_of(request)
        choices, wanted = _choices(form), text_of(form, "do", 10) == "import"
        if wanted and staged.state == READY and _are_those_of(choices, staged):
            pipeline.in_the_background(_carry_out(request, number, who))
        else:
            pipeline.in_the_background(_check(request, number, choices, wanted))
        # The page that comes next shows the work, so it is let begin first.
        for _ in range(LOOKS):
            await sleep(BEGIN)
            if await to_thread.run_sync(uploads.staged, number) != staged:
                break
    return RedirectResponse(f"/officer/files/{number}", 303)


async def download(request: Request, who: Session) -> Response:
    """Give the directory as it stands: a workbook, or CSV files in a zip file."""
    ending = request.path_params["ending"] if request.path_params["ending"] in MEDIA_TYPES else "zip"
    content = await to_thread.run_sync(office_of(request).uploads.download, ending)
    day = datetime.now(timezone.utc).astimezone(BRITISH_TIME).date().isoformat()
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="directory-{day}.{ending}"'}, MEDIA_TYPES[ending])


routes = [
    Route("/officer/files", signed_in(show_files, OFFICERS), methods=["GET"]),
    Route("/officer/files", signed_in(upload, OFFICERS, largest=LARGEST + ROOM), methods=["POST"]),
    Route("/officer/files/directory.{ending}", signed_in(download, OFFICERS), methods=["GET"]),
    Route("/officer/files/{number}", signed_in(show_upload, OFFICERS), methods=["GET"]),
    Route("/officer/files/{number}", signed_in(act, OFFICERS, most=1000), methods=["POST"]),
]
