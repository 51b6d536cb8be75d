"""Assets: data that tasks read and write, named so that DAGs can be scheduled on it.

A task with ``outlets=[Asset("s3://lake/orders")]`` tells of new data when it succeeds; a DAG with
``schedule=[Asset("s3://lake/orders")]`` runs then. An asset is known by its URI: two with the same one are the same.
``&`` and ``|`` combine assets in a schedule; an :class:`AssetAlias` stands for those that a task names while it runs.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Asset",
    "AssetAlias",
    "AssetAll",
    "AssetAny",
    "AssetWatcher",
    "BaseAsset",
    "Dataset",
    "Metadata",
    "condition_of",
]

LONGEST_URI = 1500
LONGEST_NAME = 250
DEFAULT_GROUP = "asset"


def checked_uri(uri: Any) -> str:
    """Return the URI as it is kept: scheme in lower case, no user or password, query sorted, no slash at the end.

    Raises:
        TradewindException: it is empty, no text of ASCII characters, too long, or of the scheme ``airflow``.
    """
    if not isinstance(uri, str) or not uri.strip() or not _is_ascii(uri):
        raise TradewindException(f"Asset: {uri!r} is no URI: give a text of ASCII characters that is not empty.")
    if len(uri) > LONGEST_URI:
        raise TradewindException(f"Asset: the URI {uri[:60]!r}… has {len(uri)} characters; {LONGEST_URI} is the most.")
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        raise TradewindException(f"Asset: {uri!r} has the scheme 'airflow', which is reserved; use one of your own.")
    user, _, place = parts.netloc.rpartition("@")
    if user:
        warnings.warn("An asset's URI names no user and no password: what stood there was left out", stacklevel=4)
    query = urlencode(sorted(parse_qsl(parts.query))) if parts.query else ""
    return urlunsplit((scheme, place, parts.path.rstrip("/") or "/", query, ""))


def _is_ascii(text: str) -> bool:
    return all(ord(character) < 128 for character in text)


class BaseAsset:
    """What a schedule can be made of: an asset, an alias, or a combination."""

    def __and__(self, other: Any) -> Any:
        return AssetAll(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return AssetAny(self, other) if isinstance(other, BaseAsset) else NotImplemented

    def to_spec(self) -> dict[str, Any]:
        """Return the condition as JSON values; :func:`condition_of` makes it again."""
        raise NotImplementedError

    def words(self) -> str:
        """Return the condition for people."""
        raise NotImplementedError

    def leaves(self) -> Iterator[Any]:
        """Yield the assets and aliases of the condition, from left to right."""
        raise NotImplementedError

    def is_met(self, news: Any) -> bool:
        """Tell whether the condition holds when there is news of the assets and aliases in the set ``news``."""
        raise NotImplementedError


class Asset(BaseAsset):
    """Data that tasks read or write.

    Args:
        name: its name for people; left out, the URI. Given alone, it is the URI too.
        uri: what it is known by.
        group: a word that sorts it with others.
        extra: JSON values that describe it.
        watchers: ``AssetWatcher`` objects: while a DAG that is scheduled on the asset is not paused, each event of theirs is
            one of the asset.

    Raises ``TradewindException`` for what is no URI, no name, or no JSON.
    """

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str = DEFAULT_GROUP,
        extra: Mapping[str, Any] | None = None,
        watchers: Any = None,
    ) -> None:
        if name is None and uri is None:
            raise TradewindException("Asset: give a name or a URI.")
        self.uri = checked_uri(name if uri is None else uri)
        self.name = self.uri if name is None else checked_name(name, longest=LONGEST_URI)
        self.group = checked_name(group)
        self.extra = checked_extra(extra, self.uri)
        self.watchers: tuple[Any, ...] = tuple(watchers or ())
        for each in self.watchers:
            if not isinstance(each, AssetWatcher):
                raise TradewindException(f"Asset {self.uri!r}: watchers are AssetWatcher objects, not {each!r}.")

    @property
    def normalized_uri(self) -> str:
        """The URI, which is kept normalized."""
        return self.uri

    def to_spec(self) -> dict[str, Any]:
        """Return the asset as JSON values, what is usual left out."""
        spec: dict[str, Any] = {"asset": self.uri}
        if self.name != self.uri:
            spec["name"] = self.name
        if self.group != DEFAULT_GROUP:
            spec["group"] = self.group
        if self.extra:
            spec["extra"] = self.extra
        return spec

    def words(self) -> str:
        """Return its name."""
        return self.name

    def leaves(self) -> Iterator[Any]:
        """Yield the asset."""
        yield self

    def is_met(self, news: Any) -> bool:
        """Tell whether there is news of it."""
        return self in news

    def __fspath__(self) -> str:
        return self.uri

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and self.uri == other.uri

    def __hash__(self) -> int:
        return hash(self.uri)

    def __repr__(self) -> str:
        return f"Asset({self.name!r}, {self.uri!r})"


class AssetWatcher:
    """A trigger that a triggerer runs for an asset.

    Args:
        name: what it is known by among the watchers of its asset.
        trigger: a trigger; it may yield any number of events, and is run again when it ends. Its arguments are JSON values.

    Raises ``TradewindException`` for what is no name or no trigger.
    """

    def __init__(self, name: str, trigger: Any) -> None:
        self.name = checked_name(name)
        if not callable(getattr(trigger, "serialize", None)):
            raise TradewindException(f"AssetWatcher {name!r}: {trigger!r} is no trigger.")
        self.trigger = trigger

    def __repr__(self) -> str:
        return f"AssetWatcher({self.name!r}, {self.trigger!r})"


class Dataset(Asset):
    """An asset by its Airflow 2 name and signature: ``Dataset("s3://lake/orders", extra={...})``."""

    def __init__(self, uri: Any, extra: Mapping[str, Any] | None = None, **more: Any) -> None:
        super().__init__(uri=uri, extra=extra, **more)


class AssetAlias(BaseAsset):
    """Stands for the assets that a task names while it runs: ``outlet_events[alias].add(Asset(...))``.

    Args:
        name: what it is known by.
        group: a word that sorts it with others.
    """

    def __init__(self, name: str, group: str = DEFAULT_GROUP) -> None:
        self.name = checked_name(name)
        self.group = checked_name(group)

    def to_spec(self) -> dict[str, Any]:
        """Return the alias as JSON values."""
        spec: dict[str, Any] = {"alias": self.name}
        if self.group != DEFAULT_GROUP:
            spec["group"] = self.group
        return spec

    def words(self) -> str:
        """Return its name, said to be an alias."""
        return f"alias {self.name}"

    def leaves(self) -> Iterator[Any]:
        """Yield the alias."""
        yield self

    def is_met(self, news: Any) -> bool:
        """Tell whether there is news of an asset that it stands for."""
        return self in news

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self) -> int:
        return hash(("alias", self.name))

    def __repr__(self) -> str:
        return f"AssetAlias({self.name!r})"


class _Combination(BaseAsset):
    word = ""
    joined = ""

    def __init__(self, *objects: BaseAsset) -> None:
        for each in objects:
            if not isinstance(each, BaseAsset):
                raise TradewindException(
                    f"{type(self).__name__} combines assets, aliases and combinations of them, not {each!r}."
                )
        self.objects: tuple[BaseAsset, ...] = objects

    def to_spec(self) -> dict[str, Any]:
        """Return the combination as JSON values."""
        return {self.word: [each.to_spec() for each in self.objects]}

    def words(self) -> str:
        """Return the parts, joined by the word for the combination."""
        parts = [f"({each.words()})" if isinstance(each, _Combination) else each.words() for each in self.objects]
        return self.joined.join(parts) or "no assets"

    def leaves(self) -> Iterator[Any]:
        """Yield the assets and aliases of all parts."""
        for each in self.objects:
            yield from each.leaves()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Combination) and self.to_spec() == other.to_spec()

    def __hash__(self) -> int:
        return hash((self.word, self.objects))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(each) for each in self.objects)})"


class AssetAll(_Combination):
    """Met when every part is: ``a & b``."""

    word = "all"
    joined = " and "

    def __and__(self, other: Any) -> Any:
        return AssetAll(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented

    def is_met(self, news: Any) -> bool:
        """Tell whether every part is met; no parts are never met."""
        return bool(self.objects) and all(each.is_met(news) for each in self.objects)


class AssetAny(_Combination):
    """Met when one part is: ``a | b``."""

    word = "any"
    joined = " or "

    def __or__(self, other: Any) -> Any:
        return AssetAny(*self.objects, other) if isinstance(other, BaseAsset) else NotImplemented

    def is_met(self, news: Any) -> bool:
        """Tell whether a part is met."""
        return any(each.is_met(news) for each in self.objects)


class Metadata:
    """What a task's function yields to say something of an outlet: ``yield Metadata(asset, extra={"rows": 7})``.

    Args:
        asset: the outlet, or its URI.
        extra: JSON values for the event.
        alias: an alias among the outlets, for an asset that is none of them.
    """

    def __init__(self, asset: Any, extra: Mapping[str, Any] | None = None, alias: Any = None) -> None:
        self.asset = asset if isinstance(asset, Asset) else Asset(uri=asset)
        self.extra = dict(extra or {})
        self.alias = AssetAlias(alias) if isinstance(alias, str) else alias

    @property
    def uri(self) -> str:
        """The asset's URI."""
        return self.asset.uri


def condition_of(spec: Mapping[str, Any]) -> Any:
    """Return the asset, alias or combination that ``to_spec`` has described."""
    if "asset" in spec:
        more = {name: spec[name] for name in ("name", "group", "extra") if name in spec}
        return Asset(uri=spec["asset"], **more)
    if "alias" in spec:
        return AssetAlias(spec["alias"], **{name: spec[name] for name in ("group",) if name in spec})
    combination: Any = AssetAll if "all" in spec else AssetAny
    return combination(*[condition_of(each) for each in spec[combination.word]])


def assets_of(values: Any, where: str) -> tuple[Any, ...]:
    """Return what a task's ``inlets`` or ``outlets`` name: assets and aliases.

    Raises:
        TradewindException: something else stands there.
    """
    given: Iterable[Any] = [values] if isinstance(values, BaseAsset) else (values or ())
    if not isinstance(given, (list, tuple, set)):
        raise TradewindException(f"{where} is a list of assets, not {values!r}.")
    for each in given:
        if not isinstance(each, (Asset, AssetAlias)):
            raise TradewindException(f"{where} names assets and aliases of assets, not {each!r}.")
    return tuple(given)


def checked_name(name: Any, *, longest: int = LONGEST_NAME) -> str:
    """Return a name of an asset, alias or group; raises ``TradewindException`` for what can be none."""
    if not isinstance(name, str) or not name.strip() or len(name) > longest:
        raise TradewindException(f"Asset: {name!r} is no name: give 1 to {longest} characters.")
    return name


def checked_extra(extra: Mapping[str, Any] | None, uri: str) -> dict[str, Any]:
    """Return an ``extra``; raises ``TradewindException`` unless it is a dict of JSON values."""
    found = dict(extra or {})
    try:
        json.dumps(found)
    except (TypeError, ValueError) as error:
        raise TradewindException(f"Asset {uri!r}: its extra is a dict of JSON values: {error}.") from None
    return found
