"""What a task sees of events of assets: those that made its run, those of its inlets, and what it says of its outlets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from tradewind_plugins.assets import Asset, AssetAlias, Metadata
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current

from tradewind.authoring.views import DagRunView, as_moment

Key = Any
"""An asset, an alias, or an asset's URI or an alias' name as a text."""


class SourceTaskInstance:
    """The task instance that an event is from."""

    def __init__(self, dag_id: str, task_id: str, run_id: str, map_index: int) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.run_id = run_id
        self.map_index = map_index

    def xcom_pull(self, key: str = "return_value", default: Any = None) -> Any:
        """Return what it pushed under a key."""
        indexes = None if self.map_index < 0 else self.map_index
        return current().xcom_pull(
            self.task_id, key=key, map_indexes=indexes, run_id=self.run_id, dag_id=self.dag_id, default=default
        )


class AssetEvent:
    """New data in an asset: when, what was said of it, and by which task (None where no task told of it)."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.id: int = values["id"]
        self.asset = Asset(**values["asset"])
        self.extra: dict[str, Any] = values["extra"]
        self.timestamp = as_moment(values["at"])
        self.source_dag_id: str | None = values["dag_id"]
        self.source_task_id: str | None = values["task_id"]
        self.source_run_id: str | None = values["run_id"]
        self.source_map_index: int | None = values["map_index"]
        self._run: Mapping[str, Any] | None = values["run"]

    @property
    def dataset(self) -> Asset:
        """The asset, by its Airflow 2 name."""
        return self.asset

    @property
    def uri(self) -> str:
        """The asset's URI."""
        return self.asset.uri

    @property
    def source_dag_run(self) -> DagRunView | None:
        """The run that it is from; None where that was deleted, or no task told of it."""
        if self._run is None or self.source_dag_id is None:
            return None
        return DagRunView(self.source_dag_id, {"run_id": self.source_run_id, **self._run})

    @property
    def source_task_instance(self) -> SourceTaskInstance | None:
        """The task instance that it is from; None where no task told of it."""
        if self.source_dag_id is None or self.source_task_id is None or self.source_run_id is None:
            return None
        index = -1 if self.source_map_index is None else self.source_map_index
        return SourceTaskInstance(self.source_dag_id, self.source_task_id, self.source_run_id, index)

    def __repr__(self) -> str:
        return f"<AssetEvent {self.asset.name} at {self.timestamp}>"


class AssetEvents(Sequence[AssetEvent]):
    """Events, the oldest first, read page by page when they are looked at."""

    def __init__(self, of: str, name: str) -> None:
        self._asked = (of, name)
        self._read: dict[int, AssetEvent] = {}
        self._total: int | None = None

    def _page(self, after: int) -> None:
        page = current().asset_events(*self._asked, after)
        self._total = page["total"]
        self._read.update({after + number: AssetEvent(row) for number, row in enumerate(page["rows"])})

    def __len__(self) -> int:
        if self._total is None:
            self._page(0)
        return self._total or 0

    @overload
    def __getitem__(self, index: int) -> AssetEvent: ...
    @overload
    def __getitem__(self, index: slice) -> list[AssetEvent]: ...
    def __getitem__(self, index: int | slice) -> AssetEvent | list[AssetEvent]:
        """Return one event, or a list of some."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = index if index >= 0 else len(self) + index
        if not 0 <= place < len(self):
            raise IndexError(f"there are {len(self)} events, and none at {index}")
        if place not in self._read:
            self._page(place)
        return self._read[place]

    def __repr__(self) -> str:
        return f"<{len(self)} events of {self._asked[1] or 'the run'}>"


class TriggeringEvents(Mapping[Any, "list[AssetEvent]"]):
    """The events that made the run, by asset; a URI finds them too."""

    def __init__(self, *, by_uri: bool) -> None:
        self._by_uri = by_uri
        self._found: dict[str, list[AssetEvent]] | None = None

    def _events(self) -> dict[str, list[AssetEvent]]:
        if self._found is None:
            self._found = {}
            for each in AssetEvents("run", ""):
                self._found.setdefault(each.uri, []).append(each)
        return self._found

    def __getitem__(self, key: Key) -> list[AssetEvent]:
        """Return the events of one asset; KeyError for one of which there is no event."""
        return self._events()[_uri(key)]

    def __iter__(self) -> Iterator[Any]:
        found = self._events()
        return iter(found) if self._by_uri else (events[0].asset for events in found.values())

    def __len__(self) -> int:
        return len(self._events())


class InletEvents(Mapping[Any, AssetEvents]):
    """All events of a task's inlets, by asset, alias, URI, or number of the inlet."""

    def __init__(self, inlets: Sequence[Any]) -> None:
        self._inlets = inlets

    def __getitem__(self, key: Key) -> AssetEvents:
        """Return the events of an inlet; KeyError for what is none."""
        if isinstance(key, int):
            return self[self._inlets[key]]
        if isinstance(key, AssetAlias):
            return self.for_asset_alias(name=key.name)
        return self.for_asset(uri=_uri(key))

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> AssetEvents:
        """Return the events of the inlet with this name or URI."""
        for each in self._inlets:
            if isinstance(each, Asset) and (each.uri == uri or (uri is None and each.name == name)):
                return AssetEvents("asset", each.uri)
        raise KeyError(f"{uri or name!r} is no inlet of this task")

    def for_asset_alias(self, *, name: str) -> AssetEvents:
        """Return the events that tasks told of by the alias among the inlets that has this name."""
        if AssetAlias(name) not in self._inlets:
            raise KeyError(f"the alias {name!r} is no inlet of this task")
        return AssetEvents("alias", name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


class OutletEvent:
    """What a task says of one outlet: ``extra`` of the event of an asset, and the assets that an alias stands for."""

    def __init__(self) -> None:
        self.extra: dict[str, Any] = {}
        self.alias_events: list[tuple[Asset, dict[str, Any]]] = []

    def add(self, asset: Asset | str, extra: Mapping[str, Any] | None = None) -> None:
        """Tell of new data in an asset by an alias."""
        self.alias_events.append((asset if isinstance(asset, Asset) else Asset(uri=asset), dict(extra or {})))


class OutletEvents(Mapping[Any, OutletEvent]):
    """What a task says of its outlets while it runs, by asset, alias, URI or name of an alias."""

    def __init__(self, outlets: Sequence[Any]) -> None:
        self._outlets = outlets
        self._said: dict[Any, OutletEvent] = {}

    def __getitem__(self, key: Key) -> OutletEvent:
        """Return what is said of an outlet, to be added to."""
        if isinstance(key, str) and AssetAlias(key) in self._outlets:
            key = AssetAlias(key)
        known = key if isinstance(key, AssetAlias) else Asset(uri=_uri(key))
        return self._said.setdefault(known, OutletEvent())

    def for_asset(self, *, name: str | None = None, uri: str | None = None) -> OutletEvent:
        """Return what is said of the outlet with this name or URI."""
        named = next((each for each in self._outlets if isinstance(each, Asset) and each.name == name), None)
        return self[uri or named or name]

    def for_asset_alias(self, *, name: str) -> OutletEvent:
        """Return what is said of an alias."""
        return self[AssetAlias(name)]

    def take(self, yielded: Metadata) -> None:
        """Say what a task's function has yielded."""
        self[yielded.asset].extra.update(yielded.extra)
        if yielded.alias is not None:
            self[yielded.alias].add(yielded.asset, yielded.extra)

    def told(self) -> Iterator[tuple[Asset, dict[str, Any], str | None]]:
        """Yield the asset, the extra and the alias of each event that the task's success tells of."""
        for each in self._outlets:
            said = self._said.get(each) or OutletEvent()
            if isinstance(each, Asset):
                yield each, said.extra, None
            else:
                for asset, extra in said.alias_events:
                    yield asset, extra, each.name

    def __iter__(self) -> Iterator[Any]:
        return iter(self._said)

    def __len__(self) -> int:
        return len(self._said)


def _uri(key: Key) -> str:
    if isinstance(key, Asset):
        return key.uri
    if isinstance(key, str):
        return Asset(uri=key).uri
    raise TradewindException(f"Events of assets are found by an asset or its URI, not by {key!r}.")
