"""Messages are found by their device: erasing a conversation looked through all messages for each of its devices."""

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f('ix_message_access_id'), 'message', ['access_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_message_access_id'), table_name='message')
