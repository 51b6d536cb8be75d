"""What a worker without the database is made of, from its configuration."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tradewind.config import Config, ConfigError
from tradewind.execution.http.connection import ServerConnection
from tradewind.execution.http.lifecycle import Caller, HttpLifecycle
from tradewind.execution.http.tokens import Keys
from tradewind.execution.http.waiting import WAIT_SECONDS, HttpWakeups
from tradewind.execution.settings import WorkerSettings, worker_settings


@dataclass(frozen=True)
class Remote:
    """A worker's settings under the server's terms, its lifecycle, and its ear."""

    settings: WorkerSettings
    lifecycle: HttpLifecycle
    ear: HttpWakeups


def open_caller(config: Config, worker: str, *, extra_seconds: float = 0.0) -> Caller:
    """Return what makes calls in a worker's name.

    Raises:
        ConfigError: what is configured leads to no server; the message is a sentence.
    """
    try:
        server = ServerConnection(config.worker, extra_seconds=extra_seconds)
    except ssl.SSLError as error:
        raise ConfigError(f"worker.ca_file {config.worker.ca_file} holds no certificates: {error.reason}.") from error
    except OSError as error:
        raise ConfigError(f"worker.ca_file {config.worker.ca_file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{error}.") from error
    return Caller(server, Keys(config.execution_api.secret), worker)


@contextmanager
def open_remote(config: Config, worker: str, *, executor: str) -> Iterator[Remote]:
    """Open a worker's lifecycle over HTTP.

    Arguments:
        worker: its id.
        executor: whose tries it claims.
    Raises:
        Unreachable: the server could not be asked for its terms.
    """
    with ExitStack() as stack:
        caller = open_caller(config, worker)
        stack.callback(caller.server.close)
        terms = caller.terms()
        settings = terms.of(worker_settings(config, worker, executor=executor))
        # Over a connection of its own, on which an answer may take as long as one waits
        ear = HttpWakeups(open_caller(config, worker, extra_seconds=WAIT_SECONDS), executor)
        stack.callback(ear.close)
        yield Remote(settings, HttpLifecycle(settings, caller, terms), ear)
