"""Words of records, for look-ups on PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    vector = postgresql.TSVECTOR().with_variant(sa.Text(), 'sqlite')
    op.create_table('word_edition',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('digest')
    )
    op.create_table('word_row',
    sa.Column('edition_id', sa.Integer(), nullable=False),
    sa.Column('row', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('stems', vector, nullable=False),
    sa.Column('beginnings', vector, nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['word_edition.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('edition_id', 'row')
    )
    for name in ('stems', 'beginnings'):
        op.create_index(f'ix_word_row_{name}', 'word_row', [name], postgresql_using='gin')
    op.create_table('word_spelling',
    sa.Column('edition_id', sa.Integer(), nullable=False),
    sa.Column('word', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['word_edition.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('edition_id', 'word')
    )
    if op.get_bind().dialect.name == 'postgresql':
        stem_by_porter()
        bring_trigrams()


def stem_by_porter() -> None:
    """Make the text search configuration that stems words as SQLite's FTS5 does, every word and none left out."""
    op.execute('CREATE TEXT SEARCH DICTIONARY desk_porter (TEMPLATE = pg_catalog.snowball, LANGUAGE = porter)')
    op.execute('CREATE TEXT SEARCH CONFIGURATION desk_stems (PARSER = pg_catalog."default")')
    kinds = 'asciiword, word, numword, int, uint, float, sfloat, version'
    op.execute(f'ALTER TEXT SEARCH CONFIGURATION desk_stems ADD MAPPING FOR {kinds} WITH desk_porter')


def bring_trigrams() -> None:
    """Have pg_trgm where this user may bring it; where not, words are compared in memory, which the front door says when it starts."""
    try:
        with op.get_bind().begin_nested():
            op.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public')
    except SQLAlchemyError:
        pass


def downgrade() -> None:
    for table in ('word_spelling', 'word_row', 'word_edition'):
        op.drop_table(table)
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TEXT SEARCH CONFIGURATION desk_stems')
        op.execute('DROP TEXT SEARCH DICTIONARY desk_porter')
