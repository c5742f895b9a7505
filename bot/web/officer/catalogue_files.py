"""Catalogues as files on the officers' pages: downloaded for a translator, uploaded with a look at what would change."""

import base64
import binascii

from anyio import to_thread
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.answers.catalogue import TRANSLATED, TRANSLATED_DOMAINS
from bot.answers.exchange import LARGEST_FILE, export_catalogue, read_upload
from bot.answers.wording import MESSAGES, PHRASES, needs_second_officer
from bot.errors import CatalogueRefused, WordingRefused
from bot.handover.accounts import Session
from bot.web.api import pipeline_of
from bot.web.officer.wordings import digest, keep, show_words
from bot.web.staff.door import OFFICERS, given, show, signed_in, text_of

FILES = (*(("en", domain) for domain in (MESSAGES, PHRASES)), *((code, domain) for code in TRANSLATED for domain in TRANSLATED_DOMAINS))
"""Language and domain of every file there is."""
LARGEST_FORM = 2 * LARGEST_FILE
"""Bytes of a form with a file in it, or with the file's bytes in base64, which takes a third more."""


async def show_files(request: Request, who: Session) -> Response:
    return show_words(request, who, "officer/po_files.html", files=FILES, faults=[])


async def download(request: Request, who: Session) -> Response:
    """Give a catalogue as a file."""
    language, domain = request.path_params["language"], request.path_params["domain"]
    if (language, domain) not in FILES:
        return show(request, who, "staff/refused.html", 404, reason="staff.not_known")
    pipeline = pipeline_of(request)
    content = await to_thread.run_sync(export_catalogue, pipeline.catalogues, pipeline.live.current(), language, domain)
    headers = {"Content-Disposition": f'attachment; filename="{domain}-{language}.po"'}
    return Response(content, media_type="text/x-gettext-translation; charset=utf-8", headers=headers)


async def upload(request: Request, who: Session) -> Response:
    """Show what a file would change, or change it; the file travels with the page that shows it, and is read anew."""
    form, pipeline = await given(request), pipeline_of(request)
    sent = form.get("file")
    name = (sent.filename or "") if isinstance(sent, UploadFile) else text_of(form, "name", 200)
    try:
        content = (
            await sent.read(LARGEST_FILE + 1)
            if isinstance(sent, UploadFile)
            else base64.b64decode(text_of(form, "content", LARGEST_FORM), validate=True)
        )
    except binascii.Error:
        content = b""
    try:
        if not content:
            raise WordingRefused("officer.files.error.none")
        changes = await to_thread.run_sync(read_upload, content, pipeline.catalogues, pipeline.live.current())
        shown, wanted = digest(repr(changes.changes)), text_of(form, "do", 10) == "apply"
        # A form that is sent twice finds nothing to change the second time.
        if wanted and (text_of(form, "shown", 64) == shown or not changes.changes):
            await keep(request, who, changes.drafts, name[:200])
            return RedirectResponse("/officer/translations/files?told=taken", 303)
    except CatalogueRefused as refused:
        say = pipeline.catalogues.say
        faults = [(line, key, say("en", fault.key, **fault.values)) for line, key, fault in refused.faults]
        return show_words(request, who, "officer/po_files.html", 422, files=FILES, faults=faults)
    except WordingRefused as refused:
        return show_words(request, who, "officer/po_files.html", 422, refused, files=FILES, faults=[])
    return show_words(
        request,
        who,
        "officer/po_file.html",
        409 if wanted else 200,
        changes=changes,
        code=changes.language,
        shown=shown,
        has_changed=wanted,
        needs_second=needs_second_officer,
        name=name[:200],
        content=base64.b64encode(content).decode(),
    )


routes = [
    Route("/officer/translations/files", signed_in(show_files, OFFICERS), methods=["GET"]),
    Route("/officer/translations/files", signed_in(upload, OFFICERS, largest=LARGEST_FORM), methods=["POST"]),
    Route("/officer/translations/files/{language}/{domain}.po", signed_in(download, OFFICERS), methods=["GET"]),
]
