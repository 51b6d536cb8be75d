"""What is looked at before an executor runs: said here, it ends the command with a sentence; later nobody would see it."""

from __future__ import annotations

import logging
from uuid import uuid4

from tradewind.cli.errors import CommandError
from tradewind.cli.shared.session import open_session
from tradewind.config import Config
from tradewind.daemon_log import DaemonFiles, configure_log
from tradewind.execution.http.connection import NotAdmitted, RefusedError
from tradewind.execution.http.opening import open_caller
from tradewind.execution.lifecycle import Unreachable
from tradewind.execution.log_stores import open_log_store
from tradewind.metrics.reporting import check_exporters

log = logging.getLogger(__name__)


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


def check_remote(config: Config, files: DaemonFiles, name: str) -> None:
    """Look whether the web server lets workers of this configuration in; one that cannot be reached yet is waited for.

    Arguments:
        name: of the daemon.
    Raises:
        ConfigError, CommandError: with one sentence that says what mends it.
    """
    configure_log(config, files, name)
    check_exporters(config, name)
    open_log_store(config).close()
    caller = open_caller(config, f"check-{uuid4()}")
    try:
        caller.terms()
    except NotAdmitted as error:
        raise CommandError(
            f"{config.worker.server} does not let this worker in: {error}", error_id="worker-not-admitted"
        ) from error
    except (Unreachable, RefusedError) as error:
        log.warning("the web server cannot be reached yet, the worker waits for it: %s", error)
    finally:
        caller.server.close()
