"""A real LDAP server, OpenLDAP's slapd from the system's packages, in a temporary folder, on a free loopback port."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.processes import as_nobody, find_binary, free_port, server, temporary_folder

MISSING = "There is no slapd on this machine, or no python-ldap: run scripts/install_services, then nox -s dev."
SUFFIX = "dc=example,dc=org"
ADMIN = f"cn=admin,{SUFFIX}"
SCHEMAS = Path("/etc/ldap/schema")
CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {root}/slapd.pid
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory {root}/data
overlay memberof
"""


def is_installed() -> bool:
    """Tell whether this machine has the server, and Python the library that asks it."""
    return find_binary("slapd") is not None and importlib.util.find_spec("ldap") is not None


@contextmanager
def slapd_server(password: str, people: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Run a server until the block ends; yield its URL.

    Arguments:
        password: of its administrator, `ADMIN`.
        people: passwords by uid; their entries are below `ou=people`.
        groups: uids by the name of a group; their entries are below `ou=groups`.
    """
    binary = find_binary("slapd")
    if binary is None:
        raise RuntimeError(MISSING)
    with temporary_folder("tradewind-slapd-") as root:
        data, port = root / "data", free_port()
        data.mkdir()
        words = {"schemas": SCHEMAS, "root": root, "suffix": SUFFIX, "admin": ADMIN, "password": password}
        (root / "slapd.conf").write_text(CONFIGURATION.format(**words))
        url = f"ldap://127.0.0.1:{port}"
        command = [*as_nobody(root, data), binary, "-d", "0", "-f", root / "slapd.conf", "-h", url]
        with server(command, root, lambda: _bound(url, password)):
            _fill(_bound(url, password), people, groups)
            yield url


def _bound(url: str, password: str) -> Any:
    # Only where the tests that need it run: it is compiled, and not everybody has it
    import ldap  # noqa: PLC0415

    connection = ldap.initialize(url)
    connection.simple_bind_s(ADMIN, password)
    return connection


def _fill(connection: Any, people: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> None:
    def add(name: str, *classes: str, **parts: str | Sequence[str]) -> None:
        given = {"objectClass": list(classes), **parts}
        entry = [
            (key, [each.encode() for each in ([value] if isinstance(value, str) else value)])
            for key, value in given.items()
        ]
        connection.add_s(name, entry)

    add(SUFFIX, "dcObject", "organization", o="Example", dc="example")
    for unit in ("people", "groups"):
        add(f"ou={unit},{SUFFIX}", "organizationalUnit", ou=unit)
    for uid, password in people.items():
        names = {"cn": uid.title(), "sn": uid.title(), "givenName": uid.title(), "mail": f"{uid}@example.org"}
        add(_person(uid), "inetOrgPerson", uid=uid, userPassword=password, **names)
    for name, members in groups.items():
        add(f"cn={name},ou=groups,{SUFFIX}", "groupOfNames", cn=name, member=[_person(each) for each in members])
    connection.unbind_s()


def _person(uid: str) -> str:
    return f"uid={uid},ou=people,{SUFFIX}"
