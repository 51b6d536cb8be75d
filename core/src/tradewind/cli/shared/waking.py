"""What a command tells the daemons after it has changed something that they may act on."""

from __future__ import annotations

from collections.abc import Iterable

from tradewind.cli.shared.session import Session
from tradewind.metadata.wakeups import SCHEDULER, open_wakeups


def wake(session: Session, channels: Iterable[str]) -> None:
    """Tell those who listen on channels that there may be something to do."""
    wakeups = open_wakeups(session.database, session.config.home)
    wakeups.notify(channels)
    wakeups.close()


def wake_schedulers(session: Session) -> None:
    """Tell schedulers that there may be something to do; an idle one would look by itself only after seconds."""
    wake(session, [SCHEDULER])
