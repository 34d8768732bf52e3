"""What every service needs, in one value: made once at installation, handed on as the first argument."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, Engine, orm

from ..host.ports import Host, Veto
from . import transaction as _transaction
from .clock import Clock, SystemClock
from .settings import Settings
from .transaction import Transaction

if TYPE_CHECKING:
    from .duties import Duty
    from .outbox import Kind


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    find_engine: Callable[[], Engine]
    """Our view of the host's engine. Asked each time, since a worker's child makes its own connections."""
    host: Host
    clock: Clock = field(default_factory=SystemClock)
    kinds: Mapping[str, "Kind"] = field(default_factory=dict)
    """What the outbox can do, by name."""
    duties: Sequence["Duty"] = ()
    """What a worker does by the clock."""
    wake: Callable[[Iterable[UUID]], None] = lambda chunk_ids: None
    """Hints to the queue that these chunks have work. May be lost; the sweeper hints again."""
    send_signal: Callable[[str, Mapping[str, Any]], None] = lambda name, values: None
    """Tells the host by a signal of `flask_certify.signals`."""
    find_signer: Callable[[str], Any] = lambda key_id: None
    """The host's own signer for this key id (`<did>#<multikey>`), where a key service holds the key; else None."""
    veto: Veto | None = None
    """The host's last word before certificates are made."""
    in_context: Callable[[], AbstractContextManager[Any]] = nullcontext
    """The application's context, for threads of ours, which begin outside of one."""

    @property
    def engine(self) -> Engine:
        return self.find_engine()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction of ours; see core/transaction.py."""
        with _transaction.transaction(self.engine, self) as tx:
            yield tx

    def connected(self) -> AbstractContextManager[Connection]:
        """A bare connection that only reads."""
        return _transaction.connected(self.engine)

    @contextmanager
    def reading(self) -> Iterator[orm.Session]:
        """A session that only reads."""
        with _transaction.reading(self.engine) as session:
            yield session
