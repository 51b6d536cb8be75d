"""How long runs stay: the limits of the configuration, and those that single DAGs have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from tradewind.config.errors import ConfigError
from tradewind.config.sections import RetentionSection

KEYS = ("keep_days", "keep_runs")
YOUNGEST = timedelta(hours=1)
"""What ended less than this ago stays whatever the limits say: schedulers and listeners may still have to hear of it."""


@dataclass(frozen=True)
class RunLimits:
    """How long ended runs of a DAG stay. A run goes when each limit that is set says so.

    Arguments:
        keep_days: days after their end that runs stay; 0 sets no limit.
        keep_runs: newest runs that stay; 0 sets no limit.
    """

    keep_days: float = 0.0
    keep_runs: int = 0

    @property
    def is_for_ever(self) -> bool:
        """Whether no run goes."""
        return self.keep_days <= 0 and self.keep_runs <= 0


@dataclass(frozen=True)
class RunLimitsByDag:
    """The limits of each DAG.

    Arguments:
        usual: of DAGs that have none of their own.
        exceptions: (pattern of DAG ids, key, value); of each key the first that fits counts.
    """

    usual: RunLimits
    exceptions: tuple[tuple[str, str, float], ...] = ()

    def of(self, dag_id: str) -> RunLimits:
        """Return the limits of a DAG."""
        own = {key: value for pattern, key, value in reversed(self.exceptions) if fnmatchcase(dag_id, pattern)}
        return RunLimits(own.get("keep_days", self.usual.keep_days), int(own.get("keep_runs", self.usual.keep_runs)))


def configured_limits(section: RetentionSection, *, unsaid_days: float = 0.0) -> RunLimitsByDag:
    """Return the limits of runs that the section `retention` says.

    Arguments:
        unsaid_days: what counts where the section says neither days nor a number.
    Raises:
        ConfigError: an entry of `retention.dags` is not of the form `pattern:key=value`.
    """
    days = section.dag_run or (0.0 if section.keep_runs else unsaid_days)
    return RunLimitsByDag(RunLimits(days, section.keep_runs), tuple(_exception(each) for each in section.dags))


def before(now: datetime, days: float) -> datetime:
    """Return the moment before which something must have ended to go: so many days ago, an hour at least."""
    return now - max(YOUNGEST, timedelta(days=max(0.0, days)))


def _exception(text: str) -> tuple[str, str, float]:
    pattern, _, said = text.strip().rpartition(":")
    key, _, number = said.partition("=")
    try:
        value = float(int(number)) if key == "keep_runs" else float(number)
    except ValueError:
        value = -1.0
    if not pattern or key not in KEYS or not value >= 0:
        raise ConfigError(
            f"{text!r} in retention.dags is no limit: write a pattern of DAG ids, a colon, and keep_days=7 or keep_runs=100, "
            "such as etl_*:keep_days=7."
        )
    return pattern, key, value
