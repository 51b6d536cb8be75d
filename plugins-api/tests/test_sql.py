import pytest
from tradewind_plugins.sql import split_statements


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("select 1", ["select 1"]),
        ("select 1; select 2;", ["select 1", "select 2"]),
        ("select ';', 'it''s;', \"a;b\"; x", ["select ';', 'it''s;', \"a;b\"", "x"]),
        ("a -- b; c\n; d", ["a -- b; c", "d"]),
        ("a /* ; */; b", ["a /* ; */", "b"]),
        ("do $$ begin; end $$; do $t$ ; $$ ; $t$; c", ["do $$ begin; end $$", "do $t$ ; $$ ; $t$", "c"]),
        (";; -- only; comments\n /* and; more */ ;", []),
        ("", []),
    ],
)
def test_semicolons_split_outside_of_quotes_and_comments(sql, statements):
    assert split_statements(sql) == statements
