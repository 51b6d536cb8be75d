"""The suite of triggers."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind_testing import installed
from tradewind_testing.kit_host import KitHost
from tradewind_testing.suites.suite import Suite, offline

__all__ = ["TriggerSuite"]

_PATIENCE = 30.0
_CALLS = ("connect", "recv", "recv_into", "send", "sendall")


class TriggerSuite(Suite):
    """A trigger travels as its arguments, never blocks those beside it, fires once, and cleans up.

    With `arguments` it waits for something that is not there before `make_true` is called. To be given: `trigger`,
    `arguments`, `make_true`, and the fixture `prepared` where it needs something.
    """

    trigger: ClassVar[type[BaseTrigger]]
    """The class."""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """Its arguments; with a pause between two looks that is short."""

    @pytest.fixture
    def prepared(self, host: KitHost) -> None:
        """Connections, and what the service has to have. Override it where the trigger needs something."""

    def make_true(self) -> None:
        """Have happen what is waited for. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `make_true`")

    def check(self, event: TriggerEvent) -> None:
        """Check the event. To be given."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `check`")

    def left_behind(self) -> Sequence[Any]:
        """Return what is still open of what a cancelled trigger has opened."""
        return ()

    def make(self) -> Any:
        """Return the trigger."""
        return self.trigger(**self.arguments)

    @offline
    def test_it_is_made_again_from_what_it_serializes(self) -> None:
        path, kwargs = self.make().serialize()
        assert installed.load(path) is self.trigger
        assert {name: kwargs.get(name) for name in self.arguments} == dict(self.arguments)
        again = self.trigger(**kwargs)
        assert again.serialize() == (path, kwargs)

    def test_no_secret_travels_with_it(self, host: KitHost, prepared: None) -> None:
        _, kwargs = self.make().serialize()
        told = json.dumps(kwargs, default=str)
        secrets = [each.password for each in host.connections.values() if each.password]
        assert not [each for each in secrets if each in told]

    def test_it_fires_when_it_is_true_and_not_before(self, host: KitHost, prepared: None) -> None:
        async def wait() -> TriggerEvent:
            waiting = asyncio.ensure_future(_first(self.make()))
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done, f"it fired before anything happened: {waiting.result()!r}"
            await asyncio.get_event_loop().run_in_executor(None, self.make_true)
            return await asyncio.wait_for(waiting, _PATIENCE)

        self.check(_run(wait()))

    def test_it_never_blocks_those_beside_it(self, host: KitHost, prepared: None) -> None:
        self.make_true()
        with _blocking_calls() as blocking:
            _run(asyncio.wait_for(_first(self.make()), _PATIENCE))
        assert blocking == []

    def test_cancelled_it_cleans_up(self, host: KitHost, prepared: None) -> None:
        async def wait() -> None:
            trigger = self.make()
            waiting = asyncio.ensure_future(_first(trigger))
            await asyncio.wait([waiting], timeout=0.1)
            waiting.cancel()
            await asyncio.wait([waiting])
            await trigger.cleanup()

        _run(wait())
        assert list(self.left_behind()) == []


async def _first(trigger: Any) -> TriggerEvent:
    events = trigger.run()
    try:
        async for event in events:
            found: TriggerEvent = event
            return found
    finally:
        await events.aclose()
        await trigger.cleanup()
    raise AssertionError(f"{trigger!r} ended without an event")


def _run(work: Any) -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


@contextmanager
def _blocking_calls() -> Iterator[list[str]]:
    """Note what this thread, which runs the loop, waits for while it should not: sleeps, and sockets that block."""
    found: list[str] = []
    here = threading.get_ident()

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watch(this: Any, *arguments: Any, **named: Any) -> Any:
            is_blocking = not isinstance(this, socket.socket) or this.gettimeout() != 0.0
            if threading.get_ident() == here and is_blocking:
                found.append(name)
            return call(this, *arguments, **named)

        return watch

    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(socket.socket, name, watched(f"socket.{name}", getattr(socket.socket, name)))
        patch.setattr(time, "sleep", watched("time.sleep", time.sleep))
        yield found
