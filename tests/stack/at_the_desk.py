"""Library staff in tests: accounts, a member of staff over HTTP, and one in a browser."""

import re
import uuid
from typing import Any

import httpx
from playwright.sync_api import Browser, Page

from bot.database import migrate
from bot.handover.accounts import Accounts
from tests.builders import ALWAYS_OPEN, PASSWORD
from tests.stack.running_stack import KEPT_SHORTLY, Stack

DESK_OPEN = {"DESK_HOURS": ALWAYS_OPEN}
WIDE = {"width": 1280, "height": 900}


def add_staff(stack: Stack, username: str, role: str = "staff") -> None:
    """Make an account as an operator's command does, without the seconds that a command takes to start."""
    engine = stack.database()
    migrate(engine)
    Accounts(engine).add(username, username.title(), role, PASSWORD)
    engine.dispose()


class StaffClient:
    """A member of staff over HTTP, who does what their pages let them do."""

    def __init__(self, stack: Stack, username: str, password: str = PASSWORD, client: httpx.Client | None = None) -> None:
        self.client = client or httpx.Client(base_url=stack.url, timeout=30, trust_env=False, limits=KEPT_SHORTLY)
        self.signed_in = self.client.post("/staff/sign-in", data={"username": username, "password": password})
        if self.signed_in.status_code == 303:
            self.csrf = self.csrf_of(self.client.get("/staff").text)

    @staticmethod
    def csrf_of(page: str) -> str:
        """Give the CSRF token of a page."""
        found = re.search(r'name="csrf" value="(\w+)"', page)
        assert found, page[:2000]
        return found[1]

    def beat(self) -> None:
        """Be there: load the queue."""
        assert self.client.get("/staff/queue").status_code == 200

    def waiting(self) -> list[int]:
        """Give the ids of the chats that can be taken, in the order of the queue."""
        page = self.client.get("/staff/queue?part=1").text
        return [int(found) for found in re.findall(r'action="/staff/chat/(\d+)"', page)]

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """Send a form of theirs."""
        return self.client.post(path, data={"csrf": self.csrf, **fields})

    def act(self, chat: int, deed: str, **fields: Any) -> httpx.Response:
        """Do something in a chat, under an id of its own unless one is given."""
        return self.post(f"/staff/chat/{chat}", do=deed, **{"message_id": uuid.uuid4().hex, **fields})

    def claim_next(self) -> int:
        """Take the first chat that can be taken."""
        chat = self.waiting()[0]
        assert self.act(chat, "claim").status_code == 303
        return chat

    def read(self, chat: int) -> str:
        """Give a chat's page."""
        return self.client.get(f"/staff/chat/{chat}").text


class StaffTab:
    """A member of staff in a browser, signed in by typing."""

    def __init__(self, browser: Browser, stack: Stack, username: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": WIDE, **context})
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.stack = stack
        self.page.goto(f"{stack.url}/staff/sign-in")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(f"{stack.url}/staff")

    def open(self, path: str) -> Page:
        """Open one of staff's pages."""
        self.page.goto(f"{self.stack.url}{path}")
        return self.page

    def close(self) -> None:
        """Close the tab; nothing may have gone wrong in it."""
        assert self.complaints == [], self.complaints
        self.context.close()
