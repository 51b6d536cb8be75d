import gzip
import io
import os
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tradewind_amazon.hooks.s3 import S3Hook
from tradewind_plugins.exceptions import ConnectionFailed, TradewindException, TradewindNotFoundException

pytestmark = pytest.mark.backed_by("emulator", "moto")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://b/a/c.txt", ("b", "a/c.txt")),
        ("s3a://b/a", ("b", "a")),
        ("s3://b/a?b#c", ("b", "a?b#c")),
        ("s3://b", ("b", "")),
        ("https://b.s3.eu-west-1.amazonaws.com/a/c", ("b", "a/c")),
        ("https://b.dots.s3-eu-west-1.amazonaws.com/a", ("b.dots", "a")),
        ("https://s3.eu-west-1.amazonaws.com/b/a/c", ("b", "a/c")),
    ],
)
def test_urls_are_taken_apart(url, place):
    assert S3Hook.parse_s3_url(url) == place


@pytest.mark.parametrize("url", ["b/a", "s3:///a", "http://example.org/b/a", "ftp://b/a"])
def test_what_is_no_url_of_an_object_is_named(url):
    with pytest.raises(TradewindException, match="write s3://bucket/key"):
        S3Hook.parse_s3_url(url)


def test_a_key_is_a_path_and_a_bucket_or_a_url():
    assert S3Hook.get_s3_bucket_key("b", "a") == S3Hook.get_s3_bucket_key(None, "s3://b/a") == ("b", "a")
    with pytest.raises(TypeError, match="dest_key 'a' is no URL"):
        S3Hook.get_s3_bucket_key(None, "a", "dest_bucket", "dest_key")
    with pytest.raises(TypeError, match="leave bucket_name out"):
        S3Hook.get_s3_bucket_key("b", "s3://b/a")


def test_a_bucket_may_come_from_the_connection(aws, bucket, moto_url):
    extra = {"endpoint_url": moto_url, "region_name": "eu-west-1"}
    aws.add("schema", login="a", password="b", schema=bucket, extra=extra)
    service_config = {"s3": {"bucket_name": bucket}}
    aws.add("config", login="a", password="b", extra=dict(extra, service_config=service_config))
    for conn_id in ("schema", "config"):
        S3Hook(conn_id).load_string(conn_id, "k", replace=True)
        assert S3Hook(conn_id).read_key("k") == conn_id
    with pytest.raises(TradewindException, match="no bucket: neither the call nor connection 'aws_default'"):
        S3Hook().list_keys()


def test_buckets_come_and_go(aws):
    hook = S3Hook()
    for name, region in (("in-europe", None), ("in-america", "us-east-1")):
        (S3Hook(region_name=region) if region else hook).create_bucket(name)
        assert hook.check_for_bucket(name)
    assert hook.conn.get_bucket_location(Bucket="in-europe")["LocationConstraint"] == "eu-west-1"
    assert hook.get_bucket("in-europe").name == "in-europe"
    hook.delete_bucket("in-europe")
    assert not hook.check_for_bucket("in-europe")
    hook.load_string("x", "k", "in-america")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        hook.delete_bucket("in-america")
    hook.delete_bucket("in-america", force_delete=True)
    assert not hook.check_for_bucket("in-america")


def test_a_bucket_with_old_versions_is_deleted_by_force(aws, bucket):
    hook = S3Hook()
    hook.conn.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for text in ("one", "two"):
        hook.load_string(text, "k", bucket, replace=True)
    hook.delete_objects(bucket, "k")
    hook.delete_bucket(bucket, force_delete=True)
    assert not hook.check_for_bucket(bucket)


def test_a_bucket_of_others_is_none_of_ours(answering):
    with answering(403, ""):
        assert S3Hook().check_for_bucket("theirs") is False
        with pytest.raises(ConnectionFailed, match="403"):
            S3Hook().check_for_key("k", "theirs")


def test_tags_are_put_read_and_deleted(aws, bucket):
    hook = S3Hook()
    assert hook.get_bucket_tagging(bucket) == []
    hook.put_bucket_tagging({"a": "1"}, "b", "2", bucket)
    assert sorted((each["Key"], each["Value"]) for each in hook.get_bucket_tagging(bucket)) == [("a", "1"), ("b", "2")]
    hook.put_bucket_tagging([{"Key": "c", "Value": "3"}], bucket_name=bucket)
    assert hook.get_bucket_tagging(bucket) == [{"Key": "c", "Value": "3"}]
    with pytest.raises(TradewindException, match="tag_set, or key and value"):
        hook.put_bucket_tagging(bucket_name=bucket)
    hook.delete_bucket_tagging(bucket)
    assert hook.get_bucket_tagging(bucket) == []


@pytest.fixture
def filled(bucket):
    hook = S3Hook()
    for key in ("a/1.csv", "a/2.csv", "a/deep/3.csv", "b/4.txt", "top.csv"):
        hook.load_string(key, key, bucket)
    return bucket


def test_keys_are_listed(aws, filled):
    hook = S3Hook()
    assert hook.list_keys(filled) == ["a/1.csv", "a/2.csv", "a/deep/3.csv", "b/4.txt", "top.csv"]
    assert hook.list_keys(filled, prefix="a/", delimiter="/") == ["a/1.csv", "a/2.csv"]
    assert hook.list_keys(filled, page_size=2) == hook.list_keys(filled)
    assert hook.list_keys(filled, max_items=2) == ["a/1.csv", "a/2.csv"]
    assert hook.list_keys(filled, start_after_key="a/deep/3.csv") == ["b/4.txt", "top.csv"]
    assert hook.list_keys(filled, prefix="*/?.csv", apply_wildcard=True) == ["a/1.csv", "a/2.csv", "a/deep/3.csv"]
    assert hook.list_keys(filled, prefix="a/[2-9].csv", apply_wildcard=True) == ["a/2.csv"]
    assert hook.list_keys(filled, prefix="nothing") == []
    chosen = hook.list_keys(filled, object_filter=lambda found, first, last: [each["Key"][::-1] for each in found][:1])
    assert chosen == ["vsc.1/a"]


def test_keys_are_listed_by_the_time_of_writing(aws, filled):
    hook, now, hour = S3Hook(), datetime.now(timezone.utc), timedelta(hours=1)
    assert len(hook.list_keys(filled, from_datetime=now - hour, to_datetime=now + hour)) == 5
    assert hook.list_keys(filled, from_datetime=now + hour) == []
    assert hook.list_keys(filled, to_datetime=(now - hour).replace(tzinfo=None)) == []


def test_folders_are_listed(aws, filled):
    hook = S3Hook()
    assert hook.list_prefixes(filled, delimiter="/") == ["a/", "b/"]
    assert hook.list_prefixes(filled, prefix="a/", delimiter="/") == ["a/deep/"]
    assert hook.check_for_prefix("a", "/", filled)
    assert not hook.check_for_prefix("to", "/", filled)


def test_metadata_are_told(aws, filled):
    hook = S3Hook()
    assert [(each["Key"], each["Size"]) for each in hook.get_file_metadata("a/", filled)] == [
        ("a/1.csv", 7),
        ("a/2.csv", 7),
        ("a/deep/3.csv", 12),
    ]
    assert hook.head_object("top.csv", filled)["ContentLength"] == 7
    assert hook.head_object("gone", filled) is None
    assert hook.check_for_key("s3://" + filled + "/top.csv")
    assert not hook.check_for_key("gone", filled)
    assert hook.get_key("top.csv", filled).content_length == 7


def test_an_object_that_is_not_there_is_named(aws, bucket, tmp_path):
    hook = S3Hook()
    for call in (hook.read_key, hook.get_key, lambda key, name: hook.download_file(key, name, str(tmp_path))):
        with pytest.raises(TradewindNotFoundException, match="there is no object s3://" + bucket + "/gone"):
            call("gone", bucket)


def test_patterns_find_objects(aws, filled):
    hook = S3Hook()
    assert hook.check_for_wildcard_key("a/*.csv", filled)
    assert hook.get_wildcard_key("s3://" + filled + "/b/*").key == "b/4.txt"
    assert hook.get_wildcard_key("*.parquet", filled) is None
    assert not hook.check_for_wildcard_key("a/*3.csv", filled, delimiter="/")


def test_content_goes_up_and_comes_down(aws, bucket, tmp_path):
    hook = S3Hook()
    (tmp_path / "a.txt").write_text("from a file")
    hook.load_file(str(tmp_path / "a.txt"), "file", bucket)
    hook.load_file(tmp_path / "a.txt", "packed", bucket, gzip=True)
    hook.load_string("grün", "text", bucket, encoding="latin-1")
    hook.load_string("text", "packed-text", bucket, compression="gzip")
    hook.load_bytes(b"\x00\xff", "bytes", bucket)
    hook.load_file_obj(io.BytesIO(b"object"), "s3://" + bucket + "/object")
    assert hook.read_key("file", bucket) == "from a file"
    assert gzip.decompress(hook.read_bytes("packed", bucket)) == b"from a file"
    assert hook.read_bytes("text", bucket) == "grün".encode("latin-1")
    assert gzip.decompress(hook.read_bytes("packed-text", bucket)) == b"text"
    assert hook.read_bytes("bytes", bucket) == b"\x00\xff"
    assert hook.read_key("object", bucket) == "object"
    with pytest.raises(NotImplementedError, match="'zip'"):
        hook.load_string("x", "y", bucket, compression="zip")


def test_an_object_is_replaced_only_where_that_is_wanted(aws, bucket):
    hook = S3Hook()
    hook.load_string("old", "k", bucket)
    with pytest.raises(ValueError, match="there is an object s3://" + bucket + "/k already"):
        hook.load_string("new", "k", bucket)
    hook.load_string("new", "k", bucket, replace=True)
    assert hook.read_key("k", bucket) == "new"


def test_uploads_may_be_encrypted_public_and_of_a_class(aws, bucket):
    hook = S3Hook(extra_args={"StorageClass": "STANDARD_IA"})
    hook.load_string("x", "k", bucket, encrypt=True, acl_policy="public-read")
    head = hook.head_object("k", bucket)
    assert (head["ServerSideEncryption"], head["StorageClass"]) == ("AES256", "STANDARD_IA")
    grants = hook.conn.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert "READ" in [each["Permission"] for each in grants if "AllUsers" in each["Grantee"].get("URI", "")]


def test_large_files_go_in_parts(aws, bucket, tmp_path):
    hook = S3Hook(transfer_config_args={"multipart_threshold": 5 << 20, "multipart_chunksize": 5 << 20})
    data = os.urandom(1 << 10) * (6 << 10)
    hook.load_bytes(data, "large", bucket)
    assert hook.head_object("large", bucket)["ETag"].endswith('-2"')
    path = hook.download_file("large", bucket, str(tmp_path))
    assert Path(path).read_bytes() == data


def test_downloads_choose_their_place(aws, bucket, tmp_path):
    hook = S3Hook()
    hook.load_string("x", "a/name.csv", bucket)
    first = hook.download_file("a/name.csv", bucket, str(tmp_path), preserve_file_name=True)
    assert first.endswith("/name.csv")
    assert Path(first).parent != tmp_path
    plain = {"preserve_file_name": True, "use_autogenerated_subdir": False}
    assert hook.download_file("a/name.csv", bucket, str(tmp_path), **plain) == str(tmp_path / "name.csv")
    with pytest.raises(FileExistsError):
        hook.download_file("a/name.csv", bucket, str(tmp_path), **plain)


def test_objects_are_copied(aws, bucket):
    hook = S3Hook()
    hook.conn.put_object(Bucket=bucket, Key="a", Body=b"x", Metadata={"m": "1"})
    hook.copy_object("a", "b", bucket, bucket)
    url = "s3://" + bucket
    hook.copy_object(url + "/a", url + "/c", meta_data_directive="REPLACE", Metadata={"m": "2"}, acl_policy="no-acl")
    assert [hook.head_object(key, bucket)["Metadata"] for key in "bc"] == [{"m": "1"}, {"m": "2"}]
    hook.conn.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = []
    for text in ("one", "two"):
        versions.append(hook.conn.put_object(Bucket=bucket, Key="v", Body=text.encode())["VersionId"])
    hook.copy_object("v", "w", bucket, bucket, source_version_id=versions[0])
    assert hook.read_key("w", bucket) == "one"


def test_objects_are_deleted_in_thousands(aws, bucket):
    hook = S3Hook()
    hook.load_string("x", "k-1", bucket)
    calls = []
    hook.conn.meta.events.register("before-call.s3.DeleteObjects", lambda **told: calls.append(told))
    hook.delete_objects(bucket, [f"k-{number}" for number in range(1001)])
    assert len(calls) == 2
    assert hook.list_keys(bucket) == []
    hook.delete_objects(bucket, [])
    assert len(calls) == 2


def test_what_was_not_deleted_is_named(answering):
    body = "<DeleteResult><Error><Key>a</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    with answering(200, body), pytest.raises(TradewindException, match=r"1 objects of bucket 'b': a \(AccessDenied\)"):
        S3Hook().delete_objects("b", ["a", "b"])


def test_a_presigned_url_needs_no_login(aws, bucket):
    hook = S3Hook()
    hook.load_string("x", "k", bucket)
    url = hook.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, expires_in=60)
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        assert answer.read() == b"x"


def test_a_download_that_is_cut_names_the_connection(aws, bucket, moto_url):
    hook = S3Hook()
    hook.load_string("x" * 1000, "k", bucket)
    hook.conn.meta.events.register("after-call.s3.GetObject", _cut)
    with pytest.raises(ConnectionFailed, match="connection 'aws_default'"):
        hook.read_key("k", bucket)


def _cut(parsed, **_):
    """Let the body end early, as where the other side goes away."""
    parsed["Body"]._content_length = "5000"
