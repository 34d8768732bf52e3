"""Large files that are made once, fetched a few times and thrown away: a folder, or a bucket of S3.

Whoever makes them is a worker, whoever hands them out a web process; both must see the same place, so the place has an
id of its own, by which each can tell whether the other means the same.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from .errors import Misconfigured, Unavailable
from .i18n import N_
from .ids import new_code

if TYPE_CHECKING:
    from .settings import Settings

_NAME_OF_ID = "store-id"


class StorageFull(Unavailable):
    code = "storage.full"
    sentence = N_("There is no room left where files are kept (CERTIFY_FILES). Make room; the work then goes on.")


class StorageAway(Unavailable):
    code = "storage.away"
    sentence = N_("The place where files are kept (CERTIFY_FILES) does not answer. Nothing is lost; try again later.")


class NotShared(Misconfigured):
    code = "storage.not_shared"
    sentence = N_(
        "The worker keeps files in another place than this site. Give both the same CERTIFY_FILES: a folder that both "
        "see, or s3://bucket/prefix."
    )


class Files(Protocol):
    """Files by name: letters, digits, dots, dashes, and slashes between them."""

    def store_id(self) -> str:
        """Tells this place from any other; the same for all who see it."""

    def writing(self, name: str) -> Any:
        """A context with a file to write into. It is there under its name once it is whole, and never before."""

    def find_path(self, name: str) -> Path | None:
        """The file on this machine, if it is one."""

    def find_url(self, name: str, download_name: str) -> str | None:
        """An address that hands the file out for some minutes, if it is not on this machine."""

    def delete_below(self, folder: str) -> None:
        """Forgets all files below. Those that are gone already are no matter."""


def open_files(settings: "Settings") -> Files:
    """The place that the settings name."""
    parts = urlsplit(settings.files)
    if parts.scheme == "s3":
        return BucketFiles(parts.netloc, parts.path.strip("/"))
    return FolderFiles(Path(settings.files))


@contextmanager
def _told() -> Iterator[None]:
    """What the system says, in our words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull() from error
        raise StorageAway() from error


class FolderFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store_id(self) -> str:
        path = self._folder / _NAME_OF_ID
        with _told():
            self._folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                own = self._folder / f"{_NAME_OF_ID}-{new_code()}.tmp"
                own.write_text(new_code())
                try:
                    os.link(own, path)  # of all who come at once, one wins
                except FileExistsError:
                    pass
                finally:
                    own.unlink()
            return path.read_text()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        path = self._folder / name
        own = path.with_name(f"{path.name}.{new_code()}.tmp")
        try:
            with _told():
                path.parent.mkdir(parents=True, exist_ok=True)
                with own.open("wb", buffering=1 << 20) as out:
                    yield out
                    out.flush()
                    os.fsync(out.fileno())
                own.replace(path)
        finally:
            own.unlink(missing_ok=True)

    def find_path(self, name: str) -> Path | None:
        path = self._folder / name
        return path if path.is_file() else None

    def find_url(self, name: str, download_name: str) -> str | None:
        return None

    def delete_below(self, folder: str) -> None:
        shutil.rmtree(self._folder / folder, ignore_errors=True)


class BucketFiles:
    """Needs the extra `s3`. Access is what boto3 finds: its environment variables, its files, the machine's role."""

    _URL_SECONDS = 600

    def __init__(self, bucket: str, prefix: str) -> None:
        import boto3  # only who keeps files there needs it

        self._bucket, self._prefix = bucket, prefix
        self._client = boto3.client("s3")

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextmanager
    def _telling(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise StorageAway() from error

    def store_id(self) -> str:
        """The bucket's own name: whoever names it means the same."""
        with self._telling():
            self._client.head_bucket(Bucket=self._bucket)
        return f"s3://{self._bucket}/{self._prefix}"[:200]

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        with _told(), tempfile.TemporaryFile() as out:
            yield out
            out.seek(0)
            with self._telling():
                self._client.upload_fileobj(out, self._bucket, self._key(name))

    def find_path(self, name: str) -> Path | None:
        return None

    def find_url(self, name: str, download_name: str) -> str | None:
        wanted = {
            "Bucket": self._bucket,
            "Key": self._key(name),
            "ResponseContentDisposition": f'attachment; filename="{download_name}"',
        }
        with self._telling():
            return str(self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=self._URL_SECONDS))

    def delete_below(self, folder: str) -> None:
        with self._telling():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._key(folder) + "/"
            )
            for page in pages:
                for each in page.get("Contents", []):
                    self._client.delete_object(Bucket=self._bucket, Key=each["Key"])
