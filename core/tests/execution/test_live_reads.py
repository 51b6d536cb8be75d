"""What a task reads from the DAG folder, and not from its version, is named in its log, once."""

from __future__ import annotations

from typing import Any

import pytest

FLOW = """
    import os, sys
    from pathlib import Path
    from tradewind import DAG, task

    LIVE = {live!r}
    SETTING = Path(LIVE, "setting.yaml").read_text()

    with DAG("flow"):
        @task({options})
        def work():
            sys.path.append(LIVE)
            import extra
            os.chdir(LIVE)
            for _ in range(3):
                open("query.sql").read()
                Path(__file__).read_text()
                (Path(__file__).parent / "beside.sql").read_text()
            open(LIVE + "/written.txt", "w").write("mine")
            os.open(LIVE.encode() + b"/nowhere/../query.sql", os.O_RDONLY)
            assert not os.path.exists("absent") and not os.listdir("nowhere")
            return extra.NAME + SETTING
        work()
"""


@pytest.mark.parametrize("options", ["", 'isolation="fresh"'])
def test_reads_of_the_live_folder_are_named_once_each(standing_house: Any, options: str) -> None:
    house = standing_house
    live = house.home / "dags"
    (live / "nowhere").mkdir(parents=True, exist_ok=True)
    (live / "setting.yaml").write_text("blue")
    (live / "extra.py").write_text("NAME = 'sky'")
    (live / "query.sql").write_text("select 1")
    house.deploy({"flow.py": FLOW.format(live=str(live), options=options), "beside.sql": "select 2"})
    run, state = house.run_dag()
    log = house.log(run)
    assert state == "success", log
    assert house.last_value(run) == "skyblue"
    named = [line for line in log.splitlines() if "belongs to the DAG folder, not to this run's version" in line]
    assert [line.partition("WARNING - ")[2].partition(":")[0] for line in named] == [
        f"{live}/setting.yaml was read while the DAG file was imported",
        f"{live}/extra.py is read",
        f"{live}/query.sql is read",
    ]
    assert "{flow.py:" in named[1]
    assert named[0].endswith("Find it beside __file__, and have [dags] bundle_include name files like it")


def test_a_task_that_stays_in_its_version_is_told_nothing(standing_house: Any) -> None:
    standing_house.deploy(
        {
            "flow.py": "from pathlib import Path\nfrom tradewind import DAG, task\nwith DAG('flow'):\n    @task\n"
            "    def work():\n        return (Path(__file__).parent / 'beside.sql').read_text()\n    work()\n",
            "beside.sql": "select 2",
        }
    )
    run, state = standing_house.run_dag()
    assert (state, standing_house.last_value(run)) == ("success", "select 2")
    assert "belongs to the DAG folder" not in standing_house.log(run)
