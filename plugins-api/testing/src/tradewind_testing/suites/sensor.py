"""The suite of sensors."""

from __future__ import annotations

from typing import Any

import pytest
from tradewind_plugins.exceptions import (
    TradewindRescheduleException,
    TradewindSensorTimeout,
    TradewindSkipException,
)

from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.operator import OperatorSuite
from tradewind_testing.suites.suite import only_if

__all__ = ["SensorSuite"]

_QUICK = {"poke_interval": 0.01, "timeout": 0.05}


class SensorSuite(OperatorSuite):
    """A sensor waits until something is there, in each of the ways in which sensors wait.

    With `arguments` it waits for something that is not there before `make_true` is called. To be given beside what an
    operator needs: `make_true`.
    """

    def make_true(self) -> None:
        """Have happen what is waited for. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `make_true`")

    def check(self, result: Any, host: KitHost) -> None:
        """See `OperatorSuite.check`; most sensors return nothing of interest."""

    def test_it_runs(self, host: KitHost, prepared: None) -> None:
        self.make_true()
        self.check(host.run(self.make(poke_interval=0.01)), host)

    @only_if("deferrable")
    def test_it_runs_deferred(self, host: KitHost, prepared: None) -> None:
        self._needs_deferring(host)
        self.make_true()
        self.check(host.run(self.make(deferrable=True, poke_interval=0.01)), host)

    def test_it_gives_up_after_its_time_out(self, host: KitHost, prepared: None) -> None:
        with pytest.raises(TradewindSensorTimeout):
            host.run(self.make(**_QUICK))

    def test_it_may_be_skipped_then(self, host: KitHost, prepared: None) -> None:
        with pytest.raises(TradewindSkipException):
            host.run(self.make(soft_fail=True, **_QUICK))

    def test_it_may_give_its_slot_back_between_looks(self, host: KitHost, prepared: None) -> None:
        with pytest.raises(TradewindRescheduleException):
            host.run_once(self.make(mode="reschedule", poke_interval=60))
        self.make_true()
        self.check(host.run(self.make(mode="reschedule", poke_interval=60)), host)
