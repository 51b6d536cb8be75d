"""For tests: a new column, which writers of the release before leave empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from tradewind.metadata.schema import REVISION

revision = "t001"
down_revision = REVISION
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it, allowing null: the daemons that run know nothing of it."""
    op.add_column("task_instance", sa.Column("note", sa.String(300), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("task_instance", "note")
