"""Signing in with the council: which account belongs to whom its sign-in knows."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('staff_identity',
    sa.Column('issuer', sa.String(length=255), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('issuer', 'subject')
    )
    op.create_index(op.f('ix_staff_identity_staff_id'), 'staff_identity', ['staff_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_staff_identity_staff_id'), table_name='staff_identity')
    op.drop_table('staff_identity')
