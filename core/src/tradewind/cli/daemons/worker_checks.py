"""What is looked at before an executor runs: said here, it ends the command with a sentence; later nobody would see it."""

from __future__ import annotations

from tradewind.cli.shared.session import open_session
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.log_stores import open_log_store
from tradewind.metrics.reporting import check_exporters


def check(files: DaemonFiles, name: str) -> None:
    """Wait for a database of this release, and open what its worker will open.

    Arguments:
        name: of the daemon.
    Raises:
        ConfigError, SchemaError, CommandError: with one sentence that says what mends it.
    """
    with open_session(is_daemon=True) as session:
        config = session.config
        configure_log(config, files, name)
        check_exporters(config, name)
        open_log_store(config).close()
