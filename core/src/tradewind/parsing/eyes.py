"""When the processor looks at its folders: as soon as it is told of a change, and at a pace of its own beside that."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from tradewind.config.sections import ParsingSection
from tradewind.parsing.beside import folders_below
from tradewind.parsing.notifications import Notifications, all_local, link_folders
from tradewind.parsing.watching import WatchedFolder
from tradewind.plugins.behaviour import beside_folders

log = logging.getLogger(__name__)


class Eyes:
    """File notifications for a processor's folders where they can be had.

    Args:
        settings: the section ``parsing``.
        folders: what is watched.
    """

    def __init__(self, settings: ParsingSection, folders: Iterable[WatchedFolder]) -> None:
        self._settings = settings
        self._folders = tuple(folders)
        self._watched: tuple[str, ...] = ()
        self._are_local = False
        self._notifications: Notifications | None = None
        if settings.notifications:
            try:
                self._notifications = Notifications()
            except OSError as error:
                self._give_up(error.strerror or str(error))

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with a change; -1 if there are no notifications."""
        return -1 if self._notifications is None else self._notifications.fileno()

    @property
    def interval(self) -> float:
        """Seconds until the next look, should nothing be told."""
        return self._settings.safety_interval if self._are_local else self._settings.scan_interval

    def follow(self) -> None:
        """Watch what the last look has listed, and the links on the way to it."""
        if self._notifications is None:
            return
        beside = tuple(path for each in beside_folders() for path in folders_below(each))
        folders = (*(path for folder in self._folders for path in folder.folders), *beside)
        links = [path for folder in self._folders for path in link_folders(folder.bundle.folder)]
        try:
            self._notifications.watch(folders, links)
        except OSError as error:
            self._give_up(f"{error.strerror}: raise fs.inotify.max_user_watches")
            return
        if folders != self._watched:
            self._watched = folders
            is_seen = all(folder.folders for folder in self._folders)
            self._are_local = is_seen and all_local(folders)

    def see(self) -> bool:
        """Return whether a change was told since the last time."""
        return self._notifications is not None and self._notifications.drain()

    def close(self) -> None:
        """Watch no more."""
        if self._notifications is not None:
            self._notifications.close()
            self._notifications = None

    def _give_up(self, reason: str) -> None:
        log.info(
            "no file notifications (%s): looking at the DAG folder every %g s", reason, self._settings.scan_interval
        )
        self._are_local = False
        self.close()


class Pace:
    """The moment of the next look, in monotonic seconds.

    Looks that take long are made less often: of the time, at most a tenth.
    """

    def __init__(self) -> None:
        self._next = 0.0
        self._earliest = 0.0

    def wait_until(self, moment: float) -> None:
        """Look at ``moment``, or before if that was said already."""
        self._next = min(self._next, moment)

    def seconds_left(self) -> float:
        """Return how long there is until the next look; 0 when it is time."""
        return max(0.0, max(self._next, self._earliest) - time.monotonic())

    def looked(self, began: float, *, interval: float, soonest: float) -> None:
        """Note a look, and plan the next.

        Args:
            began: when it began.
            interval: seconds until the next one.
            soonest: seconds before which there is none, whatever happens.
        """
        now = time.monotonic()
        self._next = now + interval
        self._earliest = now + max(soonest, 9 * (now - began))
