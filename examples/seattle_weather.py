"""Four years of weather in Seattle, from a published data set to a report.

The data are the NOAA records that the package `vega_datasets` ships: one row a day, 2012 to 2015. The pipeline reads them,
looks at each year side by side, branches on a quality check, joins, stores the rows in SQLite and writes a Markdown report
with a plot. It needs `pip install "tradewind[quickstart]"` and a connection `sqlite_default`, which `tradewind standalone`
makes on its first start.
"""

from __future__ import annotations

import csv
import statistics
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pendulum
from tradewind import Param, TriggerRule, Variable, dag, get_current_context, task, task_group
from tradewind.exceptions import TradewindFailException
from tradewind_sqlite.hooks.sqlite import SqliteHook
from tradewind_sqlite.operators.sqlite import SqliteOperator

COLUMNS = ("date", "precipitation", "temp_max", "temp_min", "wind", "weather")


def data_file() -> Path:
    """Find the file in the package without importing it, which would load pandas: seconds, for a CSV of 1,461 lines."""
    spec = find_spec("vega_datasets")
    if spec is None or spec.origin is None:
        raise TradewindFailException('The data set is missing: pip install "tradewind[quickstart]"')
    return Path(spec.origin).parent / "_data" / "seattle-weather.csv"


def read_rows() -> list[dict[str, Any]]:
    """Return the data set's rows, numbers as numbers."""
    with data_file().open(encoding="utf-8") as file:
        return [
            {name: text if name in {"date", "weather"} else float(text) for name, text in row.items()}
            for row in csv.DictReader(file)
        ]


def of_year(year: int) -> list[dict[str, Any]]:
    """Return the rows of one year."""
    return [row for row in read_rows() if row["date"].startswith(f"{year}/")]


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="America/Los_Angeles"),
    catchup=False,
    tags=["example", "quickstart"],
    params={"most_missing_days": Param(3, type="integer", minimum=0, description="days a year that may be missing")},
    default_args={"retries": 1},
)
def seattle_weather():
    """Read, look at each year, check, store, report."""

    @task
    def read() -> list[int]:
        """Find out which years the data set covers."""
        years = sorted({int(row["date"][:4]) for row in read_rows()})
        print(f"{len(read_rows())} days of weather in the years {years}")
        return years

    @task
    def summarise(year: int) -> dict[str, Any]:
        """Sum up one year; the years are looked at side by side."""
        rows = of_year(year)
        return {
            "year": year,
            "days": len(rows),
            "rain_mm": round(sum(row["precipitation"] for row in rows)),
            "warmest": max(row["temp_max"] for row in rows),
            "coldest": min(row["temp_min"] for row in rows),
            "mean_high": round(statistics.mean(row["temp_max"] for row in rows), 1),
        }

    @task.branch
    def check(summaries: list[dict[str, Any]]) -> str:
        """Go on to store good data, or say what is wrong with it."""
        missing = {each["year"]: 365 - each["days"] for each in summaries if each["days"] < 365}
        print(f"missing days: {missing or 'none'}")
        limit = get_current_context()["params"]["most_missing_days"]
        return "complain" if any(days > limit for days in missing.values()) else "store.make_table"

    @task
    def complain() -> None:
        """Say that the data are not good enough; the report is written all the same."""
        print("Too many days are missing: nothing was stored.")

    @task_group
    def store(years: Any) -> None:
        """Put the rows into a table, year by year."""
        make_table = SqliteOperator(
            task_id="make_table",
            sql="""
                CREATE TABLE IF NOT EXISTS seattle_weather (
                  date TEXT PRIMARY KEY, precipitation REAL, temp_max REAL, temp_min REAL, wind REAL, weather TEXT
                )
            """,
        )

        @task
        def insert_rows(years: list[int]) -> int:
            """Insert what is new; a second run changes nothing."""
            rows = [tuple(row[name] for name in COLUMNS) for year in years for row in of_year(year)]
            SqliteHook().insert_rows("seattle_weather", rows, target_fields=COLUMNS, replace=True)
            return len(rows)

        make_table >> insert_rows(years)

    @task(trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    def report(summaries: list[dict[str, Any]]) -> str:
        """Write a Markdown report with a plot; return its path."""
        folder = Path(Variable.get("report_folder", default_var="reports")).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        plot(summaries, folder / "seattle_weather.png")
        lines = ["# Weather in Seattle", "", "![rain and highs](seattle_weather.png)", ""]
        lines += [
            "| year | days | rain (mm) | warmest (°C) | coldest (°C) | mean high (°C) |",
            "|---|---|---|---|---|---|",
        ]
        lines += ["| " + " | ".join(str(value) for value in each.values()) + " |" for each in summaries]
        path = folder / "seattle_weather.md"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"The report is {path}")
        return str(path)

    years = read()
    summaries = summarise.expand(year=years)
    stored = store(years)
    check(summaries) >> [complain(), stored] >> report(summaries)


def plot(summaries: list[dict[str, Any]], path: Path) -> None:
    """Draw rain as bars and the mean highs as a line."""
    # Imported where it is used: drawing needs a second to load, and the other tasks do not draw
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    years = [each["year"] for each in summaries]
    figure, rain = pyplot.subplots(figsize=(6, 3.5))
    rain.bar(years, [each["rain_mm"] for each in summaries], color="#7aa6c2")
    rain.set_xticks(years)
    rain.set_ylabel("rain (mm)")
    highs = rain.twinx()
    highs.plot(years, [each["mean_high"] for each in summaries], color="#c2593f", marker="o")
    highs.set_ylabel("mean high (°C)")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


seattle_weather()
