"""Which metrics, names and labels are sent, as the section `metrics` of the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tradewind_plugins.contracts.metrics import Metric

from tradewind.config.sections import MetricsSection
from tradewind.metrics.catalogue import CATALOGUE


@dataclass(frozen=True)
class Selection:
    """What is sent.

    Arguments:
        allow: prefixes of names; empty allows all.
        block: prefixes of names that are not sent, even if allowed.
        drop_labels: labels that are left out of every metric.
        max_series: sets of labels of one metric that are told apart; what comes beyond counts as `other`.
    """

    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    drop_labels: tuple[str, ...] = ()
    max_series: int = 1000

    @classmethod
    def of(cls, section: MetricsSection) -> Selection:
        """Return the selection of a configuration."""
        return cls(section.allow, section.block, section.drop_labels, section.max_series)

    def allows(self, name: str) -> bool:
        """Tell whether a name, ours or Airflow's, is sent."""
        is_allowed = not self.allow or name.startswith(self.allow)
        return is_allowed and not (self.block and name.startswith(self.block))

    def labels(self, metric: Metric) -> tuple[str, ...]:
        """Return the labels of a metric that are kept."""
        return tuple(label for label in metric.labels if label not in self.drop_labels)

    def aliases(self, metric: Metric, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return Airflow's names of one series, those that are sent.

        One that has a dropped label in it, or asks for one, is left out.
        """
        fitting = [
            alias.name
            for alias in CATALOGUE[metric.name].aliases
            if all(labels.get(label) == value for label, value in alias.when)
        ]
        dropped = [f"{{{label}}}" for label in metric.labels if label not in labels]
        names = [name.format_map(labels) for name in fitting if not any(each in name for each in dropped)]
        return tuple(name for name in names if self.allows(name))
