"""The operator's commands for backups: ``python -m bot backup`` and ``python -m bot restore``."""

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bot.settings import Settings

Say = Callable[[str], None]


def add_backup(parser: argparse.ArgumentParser) -> None:
    """Add what ``backup`` can be asked for."""
    parser.add_argument(
        "path", metavar="PATH", type=Path, help="a file to write (NAME.zip), or a folder, where backups past their time are removed too"
    )
    parser.add_argument("--without-conversations", action="store_true", help="leave out all that visitors wrote; may be kept for long")
    parser.add_argument(
        "--keep-days", metavar="N", type=int, help="how long this backup is kept (RETENTION_DAYS; without conversations 365)"
    )


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Add what ``restore`` can be asked for."""
    parser.add_argument("path", metavar="FILE", type=Path, help="what `backup` wrote; the product must not be running")
    parser.add_argument("--replace", action="store_true", help="put it in the place of a database that holds something")
    parser.add_argument("--without-conversations", action="store_true", help="erase all that visitors wrote from what is restored")
    parser.add_argument("--check", action="store_true", help="say whether the backup is whole, and restore nothing")


def run_backup(settings: Settings, chosen: argparse.Namespace, say: Say) -> None:
    """Make a backup and say what is in it. Raises BackupError or SetUpError where it cannot be made."""
    from bot.backup.making import make_backup

    made = make_backup(settings, chosen.path, not chosen.without_conversations, chosen.keep_days, datetime.now(timezone.utc))
    manifest = made.manifest
    say(f"{made.path}: {sum(table.rows for table in manifest.tables.values())} rows of {len(manifest.tables)} tables.")
    say(f"Checksum {manifest.checksum}")
    if manifest.conversations:
        say(f"It holds what visitors wrote: delete it by {manifest.keep_until:%d %B %Y}. Backups into a folder remove older ones there.")
        say("Numbers to call back can only be read with VAR_DIR/callback.key, which is not in it: keep a copy of that elsewhere.")
    else:
        say(f"It holds nothing that visitors wrote, and may be kept until {manifest.keep_until:%d %B %Y}.")
    for path in made.removed:
        say(f"{path} had passed its time and was removed.")


def run_restore(settings: Settings, chosen: argparse.Namespace, say: Say) -> None:
    """Restore a backup, or check it, and say what became of it. Raises BackupError or SetUpError where it cannot be done."""
    from bot.backup.restoring import check, restore

    if chosen.check:
        manifest = check(chosen.path)
        say(f"{chosen.path} is whole: {manifest.area}, made {manifest.made_at:%d %B %Y %H:%M} UTC, schema {manifest.schema}.")
        say(f"Checksum {manifest.checksum}")
        return
    done = restore(settings, chosen.path, not chosen.without_conversations, chosen.replace, datetime.now(timezone.utc))
    manifest = done.manifest
    say(f"{chosen.path} of {manifest.made_at:%d %B %Y %H:%M} UTC is restored: {sum(t.rows for t in manifest.tables.values())} rows.")
    say(f"Checksum {done.checksum}, the same as when it was backed up.")
    if done.schema != manifest.schema:
        say(f"It was brought up from schema {manifest.schema} to {done.schema}.")
    if done.expired:
        say(f"Chats erased because they were older than {settings.retention_days} days: {done.expired}.")
    if done.erased:
        why = "as you asked" if chosen.without_conversations else "because the database before no longer had them"
        say(f"Chats erased {why}: {done.erased}.")
    if done.lost_track:
        until = manifest.made_at + timedelta(days=settings.retention_days)
        say(
            "Chats that visitors erased after the backup was made are back, since nothing is left that tells which they were. They go by "
            f"{until:%d %B %Y}; to erase every chat now, restore once more with --without-conversations --replace. "
            "Numbers to call back that were taken back since are there again, too: ask in the chat before you ring."
        )
    if done.unreadable:
        say(f"Numbers to call back that cannot be read: {done.unreadable}. Put your copy of callback.key into {settings.var}.")
    say("Everybody of staff has to sign in again. Accounts and passwords are those of the backup: disable again whom you disabled since.")
    say("What is switched off, and emergency beds, are as they were then: look at /officer when it runs.")
    say("Start the product with `make run`.")
