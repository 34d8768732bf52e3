"""Whether this site may be sent visitors, and what it lacks: a sentence for each part."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ..core import queue, schema
from ..core.errors import CertifyError, QueueUnavailable
from ..core.files import Files, open_files
from ..core.runtime import Runtime
from ..core.settings import Settings

OK, DEGRADED, DOWN = "ok", "degraded", "down"


@dataclass(frozen=True, slots=True)
class Part:
    """`down`: nothing can be served. `degraded`: pages and verification work, something else waits."""

    name: str
    state: str
    sentence: str


def examine(rt: Runtime) -> list[Part]:
    """Database, migrations, queue and storage, each within about a second."""
    database = _database(rt)
    if database.state == DOWN:
        return [database]
    return [database, _migrations(rt), _queue(rt), _storage(rt)]


def is_ready(parts: list[Part]) -> bool:
    return all(each.state != DOWN for each in parts)


def _database(rt: Runtime) -> Part:
    def ask() -> str:
        schema.ping(rt.engine)
        return "It answers."

    return _part("database", DOWN, ask)


def _migrations(rt: Runtime) -> Part:
    def ask() -> str:
        if not schema.is_current(rt.engine):
            raise schema.TablesDiffer()
        return "The tables are what this version expects."

    return _part("migrations", DOWN, ask)


def _queue(rt: Runtime) -> Part:
    def ask() -> str:
        if not rt.settings.redis_url:
            return "None is set; work is recorded and done by commands with --wait."
        if not queue.is_there(rt.settings):
            raise QueueUnavailable()
        return "It answers."

    return _part("queue", DEGRADED, ask)


def _storage(rt: Runtime) -> Part:
    def ask() -> str:
        _files(rt.settings).store_id()
        return "Bundles can be kept."

    return _part("storage", DEGRADED, ask)


@lru_cache(maxsize=4)
def _files(settings: Settings) -> Files:
    """The way to a bucket takes longer to make than to use."""
    return open_files(settings)


def _part(name: str, otherwise: str, ask: Callable[[], str]) -> Part:
    try:
        return Part(name, OK, ask())
    except CertifyError as error:
        return Part(name, otherwise, str(error))
    except Exception as error:  # a driver or a library that is missing: the kind is enough for whoever reads the log
        return Part(name, otherwise, f"It cannot be asked ({type(error).__name__}). Run: flask certify doctor")
