"""Where bundles are kept: a folder, or a bucket of S3, the same promises either way."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from moto import mock_aws

from flask_certify.core.files import BucketFiles, Files, FolderFiles, StorageAway, open_files


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketFiles]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        import boto3

        boto3.client("s3").create_bucket(Bucket="certs")
        opened = open_files(SimpleNamespace(files="s3://certs/wales"))
        assert isinstance(opened, BucketFiles)
        yield opened


def keys() -> list[str]:
    import boto3

    return [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="certs").get("Contents", [])]


def test_a_file_is_in_the_bucket_once_it_is_whole(bucket: BucketFiles) -> None:
    with pytest.raises(ZeroDivisionError), bucket.writing("a/1.zip") as out:
        out.write(b"half")
        raise ZeroDivisionError
    assert keys() == []
    with bucket.writing("a/1.zip") as out:
        out.write(b"whole")
        assert keys() == []
    assert keys() == ["wales/a/1.zip"]
    assert bucket.find_path("a/1.zip") is None
    url = bucket.find_url("a/1.zip", "certificates-1-of-1.zip")
    assert url and "certs" in url and "wales/a/1.zip" in url and "Expires" in url
    bucket.delete_below("a")
    assert keys() == []


def test_a_bucket_that_is_not_there_is_told_in_a_sentence(bucket: BucketFiles) -> None:
    with pytest.raises(StorageAway, match="CERTIFY_FILES"):
        open_files(SimpleNamespace(files="s3://nobodys")).store_id()


def test_a_folder_has_an_id_that_all_who_see_it_share(tmp_path: Path) -> None:
    first, same, other = FolderFiles(tmp_path / "a"), FolderFiles(tmp_path / "a"), FolderFiles(tmp_path / "b")
    assert first.store_id() == same.store_id() != other.store_id()
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_file_is_in_the_folder_once_it_is_whole(tmp_path: Path) -> None:
    files: Files = FolderFiles(tmp_path)
    with pytest.raises(ZeroDivisionError), files.writing("a/1.zip") as out:
        out.write(b"half")
        raise ZeroDivisionError
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []
    with files.writing("a/1.zip") as out:
        out.write(b"whole")
    path = files.find_path("a/1.zip")
    assert path is not None and path.read_bytes() == b"whole"
    files.delete_below("a")
    assert files.find_path("a/1.zip") is None


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageAway, match="CERTIFY_FILES"):
        FolderFiles(tmp_path / "file").store_id()
