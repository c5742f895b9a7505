"""Which tables a backup holds, and for how long it may be kept. ``docs/operating.md`` says why."""

from datetime import datetime, timedelta

from bot.errors import BackupError
from bot.settings import Settings

SHORT_LIVED = frozenset(
    {
        "access",
        "callback",
        "conversation",
        "desk_message",
        "events",
        "feedback",
        "handover",
        "handover_note",
        "handover_transition",
        "message",
        "pending_erasure",
        "sign_in",
        "spent_message",
        "staff_session",
        "upload",
    }
)
"""Tables with a short life: what visitors said, what Rasa remembers of it (``events``), who is or was signed in, files of a day."""
LONG_LIVED = frozenset(
    {
        "alembic_version",
        "attribute",
        "cold_weather",
        "escalation",
        "guidance",
        "job",
        "language",
        "lead",
        "loaded_pack",
        "location",
        "organization",
        "outcode",
        "phone",
        "place",
        "proposal",
        "revision",
        "schedule",
        "service",
        "service_area",
        "service_at_location",
        "staff",
        "staff_identity",
        "switching",
        "tally",
        "taxonomy_term",
        "word_edition",
        "word_row",
        "word_spelling",
        "wording",
        "wrong_record",
    }
)
"""Tables that a backup without conversations holds: the directory, its history and words, accounts, safeguarding records, counts."""
KEEP_DAYS = 365
"""How long a backup without conversations is kept where nothing else is said."""


def lifetime(settings: Settings, conversations: bool, asked: int | None, made_at: datetime) -> datetime:
    """Give until when a backup may be kept. Raises BackupError where conversations would be kept longer than visitors are told."""
    days = asked if asked is not None else settings.retention_days if conversations else KEEP_DAYS
    if conversations and days > settings.retention_days:
        raise BackupError(
            f"A backup with conversations may be kept for {settings.retention_days} days at most, as long as conversations themselves "
            "(RETENTION_DAYS): give fewer days, or leave them out with --without-conversations."
        )
    if days < 1:
        raise BackupError("A backup is kept for a day at least: give --keep-days 1 or more.")
    return made_at + timedelta(days=days)
