import pytest
from tradewind.plugins.xcoms import FolderStorage, open_xcom_storage
from tradewind_plugins.exceptions import TradewindConfigException


def test_a_value_is_a_file_until_it_is_deleted(tmp_path):
    storage = FolderStorage(str(tmp_path / "xcoms"))
    reference = storage.put("a/b", b"[1]")
    assert storage.put("a/b", b"[2]") == reference
    assert (tmp_path / "xcoms" / "a" / "b").read_bytes() == storage.get(reference) == b"[2]"
    assert [each.name for each in (tmp_path / "xcoms" / "a").iterdir()] == ["b"]
    storage.delete(reference)
    storage.delete(reference)
    with pytest.raises(KeyError, match="a/b"):
        storage.get(reference)


def test_a_storage_is_chosen_by_name(site, tmp_path):
    assert isinstance(open_xcom_storage("folder", str(tmp_path)), FolderStorage)
    with pytest.raises(TradewindConfigException, match=r"no XCom storage 'owl'; there are .*folder"):
        open_xcom_storage("owl", "bucket")
