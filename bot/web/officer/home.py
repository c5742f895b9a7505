"""The officers' first page: what wants doing."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.handover.accounts import Session
from bot.web.staff.door import OFFICERS, show, signed_in


async def show_home(request: Request, who: Session) -> Response:
    """Show what wants doing."""
    return show(request, who, "officer/home.html")


routes = [Route("/officer", signed_in(show_home, OFFICERS), methods=["GET"])]
