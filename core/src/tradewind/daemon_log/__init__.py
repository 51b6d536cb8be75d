"""Where daemons' own log goes, what its lines look like, and how its files are put aside; for every process of a daemon."""

from tradewind.daemon_log.files import DaemonFiles, redirect
from tradewind.daemon_log.setup import configure_log, file_handler
from tradewind.daemon_log.signals import obey_log_signals

__all__ = ["DaemonFiles", "configure_log", "file_handler", "obey_log_signals", "redirect"]
