"""The options of the executor: what the setting `executor.options` has for it."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.contracts.executor import ExecutorSetup
from tradewind_plugins.exceptions import TradewindConfigException
from tradewind_plugins.values import Value, field

__all__ = ["Options", "read_options"]

yaml = lazy_client("yaml", extra="cncf-kubernetes")

_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SHORT = re.compile(r"[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?")
_FILES = ("pod_template_file", "kube_config")


class Options(Value):
    """What the executor is made with.

    Args:
        namespace: Where pods are made; None for that of the kube config or of the pod that this process runs in.
        image: Of the container that runs the try, where the template has none.
        command: How `tradewind` is called in the image.
        pod_template_file: A file with a pod as YAML or JSON that all pods begin with.
        queues: What is laid over the template for tasks of a queue: a pod for each name.
        env: Variables of the container, such as TRADEWIND_HOME.
        kube_config: A file as kubectl has it; None for kubectl's own, or the service account of the pod.
        context: Of the kube config.
        in_cluster: Whether the service account of the pod is used; None: where there is one and no `kube_config`.
        installation: Tells the pods of this installation from those of others in the namespace.
        delete_on_success: Whether pods are deleted that ended with exit code 0.
        delete_on_failure: Whether pods are deleted that ended otherwise.
        start_seconds: After which a pod is given up whose image cannot be had or whose container cannot be made.
        request_seconds: That one request to the API server may take; well below `leases.duration`.
        watch_seconds: That one watch lasts before the next one begins.
        slots: Tries that run at once; None for the setting `executor.slots`.
    """

    namespace: str | None = None
    image: str | None = None
    command: list[str] = field(default_factory=lambda: ["tradewind"])
    pod_template_file: str | None = None
    queues: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict, secret=True)
    kube_config: str | None = None
    context: str | None = None
    in_cluster: bool | None = None
    installation: str = ""
    delete_on_success: bool = True
    delete_on_failure: bool = False
    start_seconds: float = 300.0
    request_seconds: float = 5.0
    watch_seconds: float = 300.0
    slots: int | None = None


_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "namespace": ((str,), "a text"),
    "image": ((str,), "a text"),
    "command": ((list,), "a list of words"),
    "pod_template_file": ((str,), "the path of a file"),
    "queues": ((dict,), "an object with a pod for each queue"),
    "env": ((dict,), "an object of texts"),
    "kube_config": ((str,), "the path of a file"),
    "context": ((str,), "a text"),
    "in_cluster": ((bool,), "true or false"),
    "installation": ((str,), "a text"),
    "delete_on_success": ((bool,), "true or false"),
    "delete_on_failure": ((bool,), "true or false"),
    "start_seconds": ((int, float), "a number of seconds above 0"),
    "request_seconds": ((int, float), "a number of seconds above 0"),
    "watch_seconds": ((int, float), "a number of seconds above 0"),
    "slots": ((int,), "a whole number"),
}


def read_options(setup: ExecutorSetup) -> Options:
    """Return the options of an executor.

    Raises:
        TradewindConfigException: One is unknown, or has a value that cannot be used.
    """
    given = {name: value for name, value in setup.options.items() if value is not None}
    for name, value in given.items():
        _check(setup.name, name, value)
    found = Options(**given)
    if not found.installation:
        found = Options(**{**given, "installation": _installation(setup)})
    if not _SHORT.fullmatch(found.installation):
        raise TradewindConfigException(
            f"executor.options: installation of {setup.name} is to have at most 20 lower-case letters, digits and hyphens, "
            "as the names of pods are made of it"
        )
    if not _LABEL.fullmatch(setup.name):
        raise TradewindConfigException(f"the executor's name {setup.name!r} cannot be a label of pods")
    return found


def _check(executor: str, name: str, value: Any) -> None:
    where = f"executor.options: {name} of {executor}"
    if name not in _KINDS:
        raise TradewindConfigException(f"{where} is no option; there are {', '.join(sorted(_KINDS))}")
    kinds, words = _KINDS[name]
    if not _fits(name, value, kinds):
        raise TradewindConfigException(f"{where} is to be {words}")
    if name in _FILES and not Path(value).is_file():
        raise TradewindConfigException(f"{where}: there is no file {value}")


def _fits(name: str, value: Any, kinds: tuple[type, ...]) -> bool:
    if type(value) not in kinds:  # true is an int for Python
        return False
    if name == "env":
        return all(isinstance(each, str) for each in value.values())
    if name == "command":
        return bool(value) and all(isinstance(each, str) for each in value)
    return kinds != (int, float) or value > 0


def _installation(setup: ExecutorSetup) -> str:
    """Return what tells this installation from others: made of its home and database, without the login."""
    url = urlsplit(setup.environ.get("TRADEWIND__DATABASE__URL", ""))
    place = [setup.home, url.scheme, url.netloc.rpartition("@")[2], url.path]
    return f"{zlib.crc32(json.dumps(place).encode()):08x}"


def read_template(options: Options) -> Mapping[str, Any]:
    """Return the pod of the template file; an empty one where there is none.

    Raises:
        TradewindConfigException: The file holds no pod.
    """
    if options.pod_template_file is None:
        return {}
    try:
        found = yaml.safe_load(Path(options.pod_template_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TradewindConfigException(f"{options.pod_template_file} cannot be read as YAML: {error}") from error
    if not isinstance(found, dict) or found.get("kind", "Pod") != "Pod":
        raise TradewindConfigException(f"{options.pod_template_file} is to hold one object of the kind Pod")
    return found
