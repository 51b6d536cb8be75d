"""What an idle processor costs: counted over two minutes of rounds, on a clock moved with each."""

from __future__ import annotations

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import variables
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle
from tradewind.plugins.secrets import secrets_chain
from tradewind.transitions.daemons import Leases
from tradewind.transitions.lease_keeper import LeaseKeeper

ROUNDS = 240
ROUND_SECONDS = 0.5

ASKING = """
    from tradewind import DAG, Variable
    from tradewind.operators.bash import BashOperator

    with DAG("asking") as made:
        BashOperator(task_id="one", bash_command=Variable.get("word"))
"""


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_an_idle_processor_asks_at_most_one_statement_a_second(parsing, statements):
    cipher = open_cipher("", parsing.home)
    parsing.database.write(lambda conn: variables.set_variable(conn, "word", "echo", description=None, cipher=cipher))
    parsing.write("asking.py", ASKING)
    parsing.restart(scan_interval=0.0005, notifications=False)
    parsing.settle()
    clock = SystemClock()
    lease = LeaseKeeper(
        parsing.database,
        "processor",
        clock=clock,
        ids=RandomIds(clock.now),
        leases=Leases(),
        renew_every=3.0,
        monotonic=lambda: parsing.seconds,
    )

    def turn() -> None:
        parsing.seconds += ROUND_SECONDS
        lease.keep()

    processor = Processor(
        parsing.config,
        parsing.database,
        [Bundle("dags", parsing.folder)],
        Lookups(parsing.database, cipher, secrets_chain()),
        clock=clock,
        ids=RandomIds(clock.now),
        notify=lambda: None,
        keep_lease=turn,
        monotonic=lambda: parsing.seconds,
    )
    processor.run(15)  # reads the file once, as its digests are this process's own
    assert parsing.active() == ["asking"]
    begun = parsing.seconds
    with statements.recorded(parsing.database):
        processor.run(ROUNDS)
    passed = parsing.seconds - begun
    assert passed >= ROUNDS * ROUND_SECONDS
    statements.assert_at_most(int(passed))
    assert len(statements) >= 20, "its lease was renewed"
    lease.end()
