"""For tests: a release later, when every writer fills the column, it may be no more empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "t003"
down_revision = "t002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Refuse null."""
    with op.batch_alter_table("task_instance") as table:
        table.alter_column("note", existing_type=sa.String(300), nullable=False, server_default="")


def downgrade() -> None:
    """Allow it again."""
    with op.batch_alter_table("task_instance") as table:
        table.alter_column("note", existing_type=sa.String(300), nullable=True, server_default=None)
