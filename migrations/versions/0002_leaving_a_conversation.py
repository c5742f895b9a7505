"""Leaving a conversation for good, and changing its token with a ticket."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: a table that SQLite makes anew would lose AUTOINCREMENT, and with it the promise never to reuse an id.
    op.add_column('conversation', sa.Column('ticket_hash', sa.String(length=64), nullable=True))
    op.add_column('conversation', sa.Column('left_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('conversation', sa.Column('unused_token', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f('ix_conversation_ticket_hash'), 'conversation', ['ticket_hash'], unique=True)
    op.create_index(op.f('ix_message_message_id'), 'message', ['message_id'], unique=False)
    op.create_table('spent_message',
    sa.Column('message_hash', sa.String(length=64), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('message_hash')
    )
    op.create_index(op.f('ix_spent_message_erased_at'), 'spent_message', ['erased_at'], unique=False)


def downgrade() -> None:
    op.drop_table('spent_message')
    op.drop_index(op.f('ix_message_message_id'), table_name='message')
    op.drop_index(op.f('ix_conversation_ticket_hash'), table_name='conversation')
    for column in ('unused_token', 'left_at', 'ticket_hash'):
        op.drop_column('conversation', column)
