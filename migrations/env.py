"""Alembic's entry: migrates the connection that ``bot.database.migrate`` hands over."""

from alembic import context

import bot.answers.wording
import bot.conversation.models
import bot.conversation.tally
import bot.directory.cold_weather
import bot.directory.ledger
import bot.directory.models
import bot.directory.uploads
import bot.directory.word_table
import bot.handover.models
import bot.jobs
import bot.switches.off_switches  # noqa: F401
from bot.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
