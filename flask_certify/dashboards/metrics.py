"""Figures for Prometheus, read from database and queue when it asks: nothing is counted in any process."""

from collections.abc import Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from ..core.runtime import Runtime
from . import operations
from .operations import Operations


def exposition(rt: Runtime) -> bytes:
    """All figures in the text format of Prometheus. Raises DatabaseAway, TablesMissing."""
    registry = CollectorRegistry()
    registry.register(Figures(operations.look(rt)))
    return generate_latest(registry)


class Figures(Collector):
    """What was found at one moment."""

    def __init__(self, now: Operations) -> None:
        self._now = now

    def describe(self) -> Iterable[Metric]:
        return []  # a registry of one needs no names beforehand

    def collect(self) -> Iterator[Metric]:
        now = self._now
        yield InfoMetricFamily("certify_build", "This version.", value={"version": version("flask-certify")})
        yield _gauge(
            "certify_workers",
            "Workers that gave a sign of life within half a minute, by what they work on.",
            "lane",
            [(lane.lane, sum(lane.lane in each.lanes for each in now.present)) for lane in now.lanes],
        )
        yield GaugeMetricFamily(
            "certify_workers_silent",
            "Workers that fell silent within a day without saying that they end.",
            value=len(now.workers) - len(now.present),
        )
        if now.is_queue_there is not None:
            yield GaugeMetricFamily("certify_queue_up", "Whether Redis answers.", value=float(now.is_queue_there))
        yield _gauge(
            "certify_queue_jobs",
            "Hints that wait in Redis.",
            "lane",
            [(lane.lane, lane.jobs) for lane in now.lanes if lane.jobs is not None],
        )
        chunks = GaugeMetricFamily(
            "certify_chunks", "Chunks that are not done, by what they do now.", labels=["lane", "state"]
        )
        for lane in now.lanes:
            for state, count in lane.chunks.items():
                chunks.add_metric([lane.lane, state], count)
        yield chunks
        yield _gauge(
            "certify_oldest_waiting_seconds",
            "Since when the work is open whose chunk has waited longest; 0: nothing waits.",
            "lane",
            [(lane.lane, lane.oldest_seconds or 0) for lane in now.lanes],
        )
        yield _gauge(
            "certify_chunks_resting", "Chunks that wait after trouble, by its code.", "reason", now.resting.items()
        )
        yield GaugeMetricFamily(
            "certify_batches_under_way", "Issue batches that are not finished.", value=len(now.batches)
        )
        yield GaugeMetricFamily(
            "certify_batch_items_open",
            "Learners in planned batches under way who have no result yet.",
            value=sum(each.total - each.done for each in now.batches if each.total is not None),
        )
        yield GaugeMetricFamily("certify_bundles_under_way", "ZIP bundles that are being packed.", value=now.bundles)
        yield _gauge("certify_messages_open", "Messages of open works, by state.", "state", now.messages.items())
        yield GaugeMetricFamily(
            "certify_failures_standing", "Failures noted within a day that still stand.", value=now.failures
        )
        yield _gauge(
            "certify_duty_last_end_timestamp_seconds",
            "When the clock last ended this.",
            "duty",
            [(each.name, each.ended_at.timestamp()) for each in now.duties if each.ended_at],
        )
        yield _gauge(
            "certify_duty_failed",
            "Whether it failed the last time.",
            "duty",
            [(each.name, float(each.reason is not None)) for each in now.duties],
        )


def _gauge(name: str, about: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for of, value in values:
        family.add_metric([of], value)
    return family
