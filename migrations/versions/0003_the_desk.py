"""The desk, and conversations that are open on several devices."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

MOVED = ('token_hash', 'ticket_hash', 'left_at', 'unused_token')


def upgrade() -> None:
    op.create_table('access',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('ticket_hash', sa.String(length=64), nullable=True),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unused_token', sa.Boolean(), nullable=False),
    sa.Column('by_code', sa.Boolean(), nullable=False),
    sa.Column('rasa_id', sa.String(length=36), nullable=True),
    sa.Column('after_desk', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('rasa_id'),
    sa.UniqueConstraint('ticket_hash'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_index(op.f('ix_access_conversation_id'), 'access', ['conversation_id'], unique=False)
    op.execute(
        "INSERT INTO access (conversation_id, token_hash, ticket_hash, last_seen_at, left_at, unused_token, by_code, after_desk) "
        "SELECT id, token_hash, ticket_hash, last_seen_at, left_at, unused_token, false, 0 FROM conversation"
    )
    op.drop_index(op.f('ix_conversation_ticket_hash'), table_name='conversation')
    connection = op.get_bind()
    sqlite = connection.dialect.name == 'sqlite'
    if sqlite:
        # The table is made anew there; an id that was once given out must still never be given out again.
        highest = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'conversation'").scalar() or 0
    with op.batch_alter_table('conversation', table_kwargs={'sqlite_autoincrement': True}) as batch:
        if not sqlite:
            batch.drop_constraint('conversation_token_hash_key', type_='unique')
        for name in MOVED:
            batch.drop_column(name)
        batch.add_column(sa.Column('writes_to_desk', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column('blocked', sa.Boolean(), server_default=sa.false(), nullable=False))
    if sqlite:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'conversation'")
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('conversation', ?)", (highest,))
    with op.batch_alter_table('message') as batch:
        batch.add_column(sa.Column('access_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('urgent', sa.String(length=24), nullable=True))
        batch.add_column(sa.Column('for_desk', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column('translation', sa.Text(), nullable=True))
        batch.create_foreign_key('message_access_id_fkey', 'access', ['access_id'], ['id'], ondelete='SET NULL')
    op.execute("UPDATE message SET access_id = (SELECT id FROM access WHERE access.conversation_id = message.conversation_id)")
    op.create_table('sign_in',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('username', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_sign_in_at'), 'sign_in', ['at'], unique=False)
    op.create_table('staff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('username', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('username')
    )
    op.create_table('desk_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('body', sa.JSON(), nullable=False),
    sa.Column('translation', sa.Text(), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('conversation_id', 'message_id'),
    sa.UniqueConstraint('conversation_id', 'number')
    )
    op.create_table('escalation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('concern', sa.String(length=24), nullable=False),
    sa.Column('contact', sa.Text(), nullable=False),
    sa.Column('done', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('handover',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('reference', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=24), nullable=False),
    sa.Column('urgent', sa.String(length=24), nullable=True),
    sa.Column('urgent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('topic', sa.String(length=24), nullable=True),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(length=24), nullable=True),
    sa.Column('seen', sa.Integer(), nullable=False),
    sa.Column('practice', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('scenario', sa.String(length=40), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('conversation_id'),
    sa.UniqueConstraint('reference'),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_handover_state'), 'handover', ['state'], unique=False)
    op.create_table('staff_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('signed_in_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('beat_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at_desk', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('token_hash')
    )
    op.create_index(op.f('ix_staff_session_beat_at'), 'staff_session', ['beat_at'], unique=False)
    op.create_index(op.f('ix_staff_session_staff_id'), 'staff_session', ['staff_id'], unique=False)
    op.create_table('wrong_record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('about', sa.String(length=80), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_wrong_record_about'), 'wrong_record', ['about'], unique=False)
    op.create_table('callback',
    sa.Column('handover_id', sa.Integer(), nullable=False),
    sa.Column('contact', sa.LargeBinary(), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('handover_id')
    )
    op.create_table('handover_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('handover_id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_handover_note_handover_id'), 'handover_note', ['handover_id'], unique=False)
    op.create_table('handover_transition',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('handover_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_state', sa.String(length=16), nullable=False),
    sa.Column('to_state', sa.String(length=16), nullable=False),
    sa.Column('actor', sa.String(length=10), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(op.f('ix_handover_transition_handover_id'), 'handover_transition', ['handover_id'], unique=False)


def downgrade() -> None:
    for table in ('handover_transition', 'handover_note', 'callback', 'wrong_record', 'staff_session', 'handover', 'escalation',
                  'desk_message', 'staff', 'sign_in'):
        op.drop_table(table)
    with op.batch_alter_table('message') as batch:
        for name in ('access_id', 'urgent', 'for_desk', 'translation'):
            batch.drop_column(name)
    # The first device of each conversation stays; those that typed its code end, as their tables did not exist.
    with op.batch_alter_table('conversation', table_kwargs={'sqlite_autoincrement': True}) as batch:
        batch.add_column(sa.Column('token_hash', sa.String(length=64), nullable=True))
        batch.create_unique_constraint('conversation_token_hash_key', ['token_hash'])
        batch.add_column(sa.Column('ticket_hash', sa.String(length=64), nullable=True))
        batch.add_column(sa.Column('left_at', sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column('unused_token', sa.Boolean(), server_default=sa.false(), nullable=False))
        for name in ('writes_to_desk', 'blocked'):
            batch.drop_column(name)
    op.execute(
        "UPDATE conversation SET (token_hash, ticket_hash, left_at, unused_token) = (SELECT token_hash, ticket_hash, left_at, unused_token "
        "FROM access WHERE access.conversation_id = conversation.id ORDER BY access.id LIMIT 1)"
    )
    op.create_index(op.f('ix_conversation_ticket_hash'), 'conversation', ['ticket_hash'], unique=True)
    op.drop_table('access')
