"""Which host the running code talks to: Airflow 1.10, unless another was bound in this thread (as tests do)."""
import threading

from tradewind_plugins.airflow_host import AirflowHost

__all__ = ["bound", "reset", "set_bound"]

_LOCAL = threading.local()
_AIRFLOW = AirflowHost()


def bound():
    """Return the bound host."""
    return getattr(_LOCAL, "host", None) or _AIRFLOW


def set_bound(host):
    """Bind a host and return the token that `reset` takes."""
    token = getattr(_LOCAL, "host", None)
    _LOCAL.host = host
    return token


def reset(token):
    """Bind again what was bound before `token` was made."""
    _LOCAL.host = token
