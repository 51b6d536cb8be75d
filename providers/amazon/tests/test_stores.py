import os

import pytest
from botocore.exceptions import ClientError
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_amazon.settings import client_of
from tradewind_amazon.stores.cloudwatch import CloudWatchLogStore
from tradewind_amazon.stores.location import Location
from tradewind_amazon.stores.logs import S3LogStore
from tradewind_amazon.stores.xcoms import S3XComStorage
from tradewind_plugins.exceptions import ConnectionFailed, TradewindConfigException
from tradewind_plugins.host import _binding

pytestmark = pytest.mark.backed_by("emulator", "moto")

KEY = "dag_id=d/run_id=scheduled__2026-01-01T00:00:00+00:00/task_id=t/attempt=1.log"


@pytest.fixture
def login(aws, moto_url, monkeypatch):
    """The query of a location, with a login from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return f"endpoint_url={moto_url}&region_name=eu-west-1"


# --- locations -----------------------------------------------------------------------------------------------------------


def test_a_location_says_where_and_how():
    one = Location.parse("s3://b/a%20b/c/?region_name=r&profile_name=p&verify=false&pause=3", "s3", "x", ("pause",))
    assert (one.name, one.prefix, one.option("pause", 1), one.option("other", 2)) == ("b", "a b/c/", 3.0, 2)
    assert (one.settings.region_name, one.settings.profile_name, one.settings.verify) == ("r", "p", False)
    assert Location.parse("s3://b", "s3", "x").prefix == ""
    with pytest.raises(TradewindConfigException, match="the option pause of a location is 'soon'"):
        Location.parse("s3://b?pause=soon", "s3", "x", ("pause",)).option("pause", 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("b/prefix", r"logs.location is 'b/prefix'; write s3://name/prefix"),
        ("gs://b", "write s3://"),
        ("s3://b?region=x", "logs.location has the option 'region'; there are conn_id"),
    ],
)
def test_what_is_no_location_is_refused(text, told):
    with pytest.raises(TradewindConfigException, match=told):
        Location.parse(text, "s3", "logs.location")


def test_a_connection_is_asked_of_the_host_or_taken_from_the_environment(aws, monkeypatch):
    text = "s3://b?conn_id=aws_default&region_name=over"
    assert Location.parse(text, "s3", "x").settings.access_key == "key"
    token = _binding.set_bound(None)
    try:
        with pytest.raises(
            TradewindConfigException, match=r"x names the connection 'aws_default'.*TRADEWIND_CONN_AWS_DEFAULT"
        ):
            Location.parse(text, "s3", "x")
        monkeypatch.setenv("TRADEWIND_CONN_AWS_DEFAULT", "aws://from-env:secret@/?region_name=r")
        settings = Location.parse(text, "s3", "x").settings
    finally:
        _binding.reset(token)
    assert (settings.access_key, settings.region_name) == ("from-env", "over")


# --- XComs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def storage(bucket, login):
    return S3XComStorage(f"s3://{bucket}/xcoms?{login}")


def test_values_are_kept_found_and_deleted(storage, bucket, tmp_path):
    reference = storage.put("d/r/t.json", b"one")
    assert storage.put("d/r/t.json", b"two") == reference
    assert storage.get(reference) == b"two"
    assert S3Hook().list_keys(bucket) == ["xcoms/d/r/t.json"]
    large = tmp_path / "large"
    large.write_bytes(os.urandom(1 << 16) * 144)
    other = storage.put_file("d/r/u.parquet", large)
    storage.get_file(other, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == large.read_bytes()
    assert S3Hook().head_object("xcoms/d/r/u.parquet", bucket)["ETag"].endswith('-2"')
    assert sorted(storage.references()) == sorted([reference, other])
    for _ in range(2):
        storage.delete(reference)
    with pytest.raises(KeyError):
        storage.get(reference)
    with pytest.raises(KeyError):
        storage.get_file(reference, tmp_path / "gone")


def test_a_bucket_that_is_not_there_is_no_missing_value(aws, login):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3XComStorage("s3://not-there?" + login).get("k")


def test_a_storage_that_refuses_says_so(answering):
    told = pytest.raises(ConnectionFailed, match="connection 'aws_default'")
    with answering(403, "<Error><Code>AccessDenied</Code></Error>"), told:
        S3XComStorage("s3://b?conn_id=aws_default").get("k")


# --- logs ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["s3", "cloudwatch"])
def location(request, bucket, login):
    if request.param == "s3":
        return f"s3://{bucket}/logs?pause=0&{login}"
    return "cloudwatch://tasks%2Flogs/tradewind?pause=0&" + login


def opened(location):
    return (S3LogStore if location.startswith("s3") else CloudWatchLogStore)(location)


def test_a_log_can_be_read_while_it_grows_and_after_its_end(location):
    store = opened(location)
    assert (store.read(KEY), store.size(KEY)) == (b"", 0)
    store.put_chunk(KEY, 0, b"first\n")
    assert store.read(KEY) == b"first\n"
    assert opened(location).read(KEY) == b"first\n"
    store.put_chunk(KEY, 6, b"second\n")
    store.put_chunk(KEY, 13, "grün\n\n".encode())
    whole = "first\nsecond\ngrün\n\n".encode()
    assert store.size(KEY) == len(whole)
    store.seal(KEY)
    assert opened(location).read(KEY) == whole
    assert opened(location).size(KEY) == len(whole)
    store.close()
    for begin in range(0, len(whole) + 1, 3):
        assert opened(location).read(KEY, begin, 5) == whole[begin : begin + 5]
    store = opened(location)
    store.put_chunk(KEY, len(whole), b"of the trigger\n")
    store.seal(KEY)
    store.close()
    assert opened(location).read(KEY) == whole + b"of the trigger\n"


def test_a_chunk_may_come_again_with_more(location):
    first, second = opened(location), opened(location)
    first.put_chunk(KEY, 0, b"one\n")
    first.seal(KEY)
    first.close()
    second.put_chunk(KEY, 0, b"one\ntwo\n")
    second.read(KEY)
    second.put_chunk(KEY, 0, b"one\ntwo\n")
    second.put_chunk(KEY, 8, b"three\n")
    second.seal(KEY)
    second.close()
    assert opened(location).read(KEY) == b"one\ntwo\nthree\n"


def test_logs_are_deleted_by_prefix(location):
    store = opened(location)
    other = KEY.replace("dag_id=d", "dag_id=other")
    for key in (KEY, other, other.replace("attempt=1", "attempt=2")):
        store.put_chunk(key, 0, b"x\n")
        store.seal(key)
    assert store.delete("dag_id=other/") == 2
    assert store.delete("dag_id=other/") == 0
    assert (store.read(other), store.read(KEY)) == (b"", b"x\n")
    store.close()


def test_the_parts_of_a_log_are_merged(bucket, login):
    store = S3LogStore(f"s3://{bucket}?pause=0&{login}")
    for number in range(3):
        store.put_chunk(KEY, 2 * number, b"%d\n" % number)
        store.read(KEY)
    assert len(S3Hook().list_keys(bucket)) == 3
    store.seal(KEY)
    store.close()
    assert S3Hook().list_keys(bucket) == [KEY + "/000000000000-000000000006"]
    assert S3Hook().read_key(KEY + "/000000000000-000000000006", bucket) == "0\n1\n2\n"


def test_a_gap_ends_what_is_read_and_strangers_are_left_alone(bucket, login):
    hook = S3Hook()
    for name, text in (("0-2", "ab"), ("2-4", "cd"), ("0-4", "abcd"), ("5-6", "f"), ("readme", "?")):
        hook.load_string(text, "logs/k/" + name, bucket)
    store = S3LogStore(f"s3://{bucket}/logs?{login}")
    assert (store.read("k"), store.size("k"), store.read("k", 3, 9)) == (b"abcd", 4, b"d")


def test_what_is_not_utf_8_keeps_its_length_in_cloudwatch(aws, login):
    store = CloudWatchLogStore("cloudwatch://g?pause=0&" + login)
    data = b"a\xffb\n" + "ü".encode() * 150_000 + b"\n" + b"\xc3"
    store.put_chunk(KEY, 0, data)
    assert store.read(KEY) == data.replace(b"\xff", b"?")[:-1] + b"?"
    assert store.size(KEY) == len(data)
    store.close()


def test_many_lines_go_in_several_calls(aws, login):
    store = CloudWatchLogStore("cloudwatch://g?pause=0&" + login)
    data = b"".join(b"line %d\n" % number for number in range(6000))
    store.put_chunk(KEY, 0, data)
    store.seal(KEY)
    store.close()
    assert store.read(KEY) == data


def test_a_client_is_made_once(login, bucket):
    store = S3LogStore(f"s3://{bucket}?{login}")
    assert store._client is store._client
    assert client_of(store._location.settings, "s3") is not store._client
    assert repr(store) == f"S3LogStore(s3://{bucket}/)"
