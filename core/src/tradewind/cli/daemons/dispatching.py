"""A daemon that gives an executor its tickets: `tradewind worker --executor NAME`, where workers do not claim for themselves."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack, closing

from tradewind_plugins.contracts.executor import Executor

from tradewind import notify
from tradewind.config import Config
from tradewind.dispatching.desk import Desk
from tradewind.dispatching.dispatcher import Dispatcher
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import open_database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.patience import Patience
from tradewind.metadata.wakeups import Wakeups, open_wakeups, worker_channel
from tradewind.plugins.behaviour import listened_states
from tradewind.transitions.daemons import Leases
from tradewind.transitions.loading import open_graphs


def dispatch_until(bell: int, executor: Executor, config: Config, name: str) -> None:
    """Give an executor its tickets until a byte can be read from a descriptor.

    Arguments:
        bell: the descriptor.
        executor: started.
        name: under which tasks name it.
    """
    with ExitStack() as stack:
        patience = Patience.of(config.database, config.leases)
        database = open_database(config.database, listened=listened_states(), patience=patience)
        stack.callback(database.dispose)
        clock = SystemClock()
        listen = [worker_channel(name)]
        mouth = stack.enter_context(closing(open_wakeups(database, config.home)))
        ear = stack.enter_context(
            closing(open_wakeups(database, config.home, listen=listen, listen_url=config.database.listen_url))
        )
        dispatcher = Dispatcher(
            Desk(
                executor=executor,
                name=name,
                slots=config.executor.slots,
                database=database,
                graphs=open_graphs(config.plugins.codec),
                clock=clock,
                ids=RandomIds(clock.now),
                leases=Leases.of(config.leases),
                renew_every=config.leases.renew_every,
                mouth=mouth,
            )
        )
        dispatcher.register()
        stack.callback(dispatcher.leave)
        _take_turns(bell, dispatcher, ear)


def _take_turns(bell: int, dispatcher: Dispatcher, ear: Wakeups) -> None:
    is_woken = True
    while True:
        seconds = dispatcher.turn(is_woken=is_woken)
        notify.beat()
        waited = [bell, *([ear.fileno()] if ear.fileno() >= 0 else [])]
        ready = select.select(waited, [], [], max(0.0, seconds))[0]
        if bell in ready:
            os.read(bell, 1)
            return
        is_woken = bool(ear.drain())
