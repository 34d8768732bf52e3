"""What may be queued: names out of our table, with an id. Redis can make nothing else run (DESIGN decision 12)."""

import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

import redis
from flask import current_app
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from rq import Queue
from rq.job import Job

from . import outbox
from .current import current_runtime
from .runtime import Runtime
from .settings import Settings
from .working import take_turns

DAY = 86_400
LANES = ("issuing", "messages", "bundles")
"""A queue for each, so that some workers may be kept for some kinds of work."""

log = logging.getLogger("flask_certify")


class JobFailed(Exception):
    """Says what kind of thing went wrong. Its text is kept in Redis, so it holds no values."""


def work_on_chunk(chunk_id: str) -> str:
    """The one job there is: some chunks, beginning with whoever's turn it is."""
    return take_turns(current_runtime(), UUID(chunk_id))


JOBS: dict[str, Callable[[str], str]] = {"certify.chunk": work_on_chunk}


class NamedJob(Job):
    """Runs a function of our table. Nothing is imported by name; callbacks and web hooks that somebody wrote into
    the job are dropped."""

    @property
    def func(self) -> Callable[..., Any]:
        try:
            function = JOBS[str(self.func_name)]
        except KeyError:
            raise JobFailed("unknown job") from None

        def quietly(*args: str) -> str:
            try:
                return function(*args)
            except Exception as error:  # a database error quotes its parameters
                raise JobFailed(type(error).__name__) from None

        return quietly

    def restore(self, raw_data: Any) -> None:
        super().restore(raw_data)
        self._success_callback_name = self._failure_callback_name = None
        self._stopped_callback_name = None
        self.webhooks = []


A_RESTART, A_MOMENT = 60, 4  # times that a queue is tried


def connect(url: str, *, patient: bool) -> "redis.Redis":
    """Workers are patient: without retries a worker dies when Redis restarts while it works. Web processes are
    not: a page does not wait for a queue that is away."""
    if not patient:
        return redis.Redis.from_url(
            url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(ExponentialBackoff(), 0)
        )
    away: list[type[Exception]] = [redis.exceptions.ConnectionError, redis.exceptions.TimeoutError]
    return redis.Redis.from_url(url, retry_on_error=away, retry=patience(A_RESTART))


def patience(retries: int) -> Retry:
    """For how many more times a queue that does not answer is tried: four take three seconds, each further one two."""
    return Retry(ExponentialBackoff(cap=2, base=0.1), retries=retries)


def open_queue(connection: "redis.Redis", settings: Settings, lane: str = LANES[0]) -> Queue:
    return Queue(f"{settings.queue}-{lane}", connection=connection, serializer="json", job_class=NamedJob)


def hint(queue: Queue, chunk_ids: Iterable[UUID]) -> None:
    """One job per chunk. Results are kept in the rows, so Redis keeps none."""
    queue.enqueue_many(
        [
            Queue.prepare_data("certify.chunk", args=(str(chunk_id),), timeout=3600, result_ttl=0, failure_ttl=3 * DAY)
            for chunk_id in chunk_ids
        ]
    )


def make_wake(settings: Settings, find_runtime: Callable[[], Runtime]) -> Callable[[Iterable[UUID]], None]:
    """Hints at most at the first few chunks, and gives up quietly if Redis is away: the sweeper hints again."""
    if not settings.redis_url:
        return lambda chunk_ids: None

    def wake(chunk_ids: Iterable[UUID]) -> None:
        by_lane = lanes_of(find_runtime(), list(chunk_ids)[:32])
        try:
            connection = connect(settings.redis_url, patient=False)
            try:
                for lane, ids in by_lane.items():
                    hint(open_queue(connection, settings, lane), ids)
            finally:
                connection.close()
        except redis.exceptions.RedisError as error:
            log.warning("queue away, the sweeper will hint", extra={"reason": type(error).__name__})

    return wake


def lanes_of(rt: Runtime, chunk_ids: Collection[UUID]) -> dict[str, list[UUID]]:
    """The chunks by the lane of their kind."""
    with rt.reading() as session:
        kinds = outbox.kinds_of(session, chunk_ids)
    found: dict[str, list[UUID]] = {}
    for chunk_id in chunk_ids:
        if chunk_id in kinds:
            found.setdefault(rt.kinds[kinds[chunk_id]].lane, []).append(chunk_id)
    return found


def is_there(settings: Settings) -> bool:
    """Whether Redis answers a ping within a second."""
    try:
        connection = connect(settings.redis_url, patient=False)
        try:
            return bool(connection.ping())
        finally:
            connection.close()
    except (redis.exceptions.RedisError, ValueError):
        return False


def application() -> Any:
    """The application itself, not the proxy: for what goes on after the present context."""
    return current_app._get_current_object()  # type: ignore[attr-defined]
