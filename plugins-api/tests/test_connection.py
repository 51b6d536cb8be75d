import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind_plugins.connection import Connection

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)
extras = st.none() | st.dictionaries(texts, st.text(max_size=8) | st.integers() | st.booleans(), min_size=1, max_size=3)
connections = st.builds(
    Connection,
    conn_id=st.just("c"),
    conn_type=st.sampled_from(["sqlite", "my_type", "http", "aws"]),
    host=st.none() | texts,
    login=st.none() | texts,
    password=st.none() | texts,
    schema=st.none() | texts,
    port=st.none() | st.integers(1, 65535),
    extra=extras.map(lambda extra: None if extra is None else json.dumps(extra)),
)


@given(connections)
def test_a_uri_brings_every_part_back(connection):
    again = Connection.from_uri(connection.get_uri(), "c")
    assert again.extra_dejson == connection.extra_dejson
    assert again.replace(extra=None) == connection.replace(extra=None)


@given(connections, st.none() | texts)
def test_json_brings_every_part_back(connection, description):
    connection = connection.replace(description=description)
    again = Connection.from_json(connection.as_json(), "c")
    assert again.extra_dejson == connection.extra_dejson
    assert again.replace(extra=None) == connection.replace(extra=None)


def test_the_uri_is_airflows():
    connection = Connection(
        conn_id="c",
        conn_type="google_cloud",
        host="h/x",
        login="me",
        password="a/b:c@d",
        schema="s",
        port=5,
        extra={"k": "v w"},
    )
    assert connection.get_uri() == "google-cloud://me:a%2Fb%3Ac%40d@h%2Fx:5/s?k=v+w"


def test_extras_that_a_query_would_change_travel_whole():
    connection = Connection(conn_id="c", conn_type="x", extra={"n": 1, "deep": {"a": [True]}})
    assert "__extra__=" in connection.get_uri()
    assert Connection.from_uri(connection.get_uri(), "c").extra_dejson == {"n": 1, "deep": {"a": [True]}}


def test_postgresql_is_the_type_postgres():
    assert Connection.from_uri("postgresql://u:p@db:5432/shop", "c").conn_type == "postgres"


def test_an_ipv6_host_may_stand_in_brackets():
    connection = Connection.from_uri("x://[::1]:80/s", "c")
    assert (connection.host, connection.port) == ("::1", 80)


def test_the_json_extra_may_be_an_object_or_a_text():
    assert Connection.from_json('{"conn_type": "x", "extra": {"a": 1}}', "c").extra_dejson == {"a": 1}
    assert Connection.from_json('{"conn_type": "x", "extra": "{\\"a\\": 1}"}', "c").extra_dejson == {"a": 1}


def test_parse_tells_json_from_a_uri():
    assert Connection.parse(' {"conn_type": "x", "port": "7"}', "c").port == 7
    assert Connection.parse("x://h", "c").host == "h"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nonsense", "the URI of connection 'c' has no type"),
        ("x://h:port/", "the port of connection 'c' is 'port', which is not a number"),
        ("{]", "Expecting property name"),
        ('{"hots": "h"}', "connection 'c' has no field hots"),
    ],
)
def test_what_cannot_be_read_is_named(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        Connection.parse(text, "c")


def test_repr_shows_neither_password_nor_extra():
    shown = repr(Connection(conn_id="c", password="hunter2", extra='{"token": "t0ken"}'))
    assert "hunter2" not in shown
    assert "t0ken" not in shown


@pytest.mark.parametrize("extra", [None, "", "not json", "[1]"])
def test_an_extra_that_is_no_object_reads_as_empty(extra):
    assert Connection(conn_id="c", extra=extra).extra_dejson == {}
