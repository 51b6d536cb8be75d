"""Assets: one DAG makes data, another runs when there is new data, and reads what was said of it."""

from __future__ import annotations

from typing import Any

from tradewind import DAG, Asset, AssetAlias, Metadata, task

ORDERS = Asset("orders", "file:///tmp/orders")
PRICES = Asset("prices", "file:///tmp/prices")
REPORTS = AssetAlias("reports")

with DAG("example_assets", schedule=None, tags=["example"]):

    @task(outlets=[ORDERS])
    def load_orders() -> Any:
        """Tell how many orders there are, beside telling that there are new ones."""
        yield Metadata(ORDERS, extra={"rows": 7})

    @task(outlets=[PRICES, REPORTS])
    def load_prices(outlet_events: Any = None) -> None:
        """Tell of new prices, and of a report whose name is known only now."""
        outlet_events[PRICES].extra["currency"] = "EUR"
        outlet_events[REPORTS].add(Asset("file:///tmp/report/today"), extra={"pages": 2})

    load_orders() >> load_prices()

with DAG("example_assets_use", schedule=ORDERS & PRICES, tags=["example"]):

    @task(inlets=[ORDERS])
    def use(triggering_asset_events: Any = None, inlet_events: Any = None) -> list[str]:
        """Return which assets made this run, and show the newest event of one of them, however old."""
        if len(inlet_events[ORDERS]):
            print(inlet_events[ORDERS][-1].extra)
        return sorted(asset.name for asset in triggering_asset_events)

    use()
