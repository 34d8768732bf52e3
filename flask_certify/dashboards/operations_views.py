"""For programs that watch: is the process alive, may it be sent visitors, and how the work goes."""

import hmac

from flask import Blueprint, jsonify, make_response, request
from werkzeug.wrappers import Response as AnyResponse

from ..core.current import current_runtime
from ..core.errors import NotFound
from . import health


def register(bp: Blueprint) -> None:
    bp.add_url_rule("/healthz", "healthz", get_healthz)
    bp.add_url_rule("/readyz", "readyz", get_readyz)
    bp.add_url_rule("/metrics", "metrics", get_metrics)


def get_healthz() -> AnyResponse:
    """The process answers. It asks nobody: a database that is away is no reason to restart it."""
    return _text(b"ok\n", "text/plain; charset=utf-8")


def get_readyz() -> AnyResponse:
    """200, or 503 while nothing can be served; what is only degraded is said and stays 200."""
    parts = health.examine(current_runtime())
    ready = health.is_ready(parts)
    answer = jsonify(
        ready=ready, parts=[{"name": each.name, "state": each.state, "sentence": each.sentence} for each in parts]
    )
    return make_response(answer, 200 if ready else 503)


def get_metrics() -> AnyResponse:
    """For whoever presents CERTIFY_METRICS_TOKEN; for all others, and without one, there is nothing here."""
    rt = current_runtime()
    wanted, given = rt.settings.metrics_token, request.headers.get("Authorization", "")
    if not wanted or not hmac.compare_digest(f"Bearer {wanted}".encode(), given.encode()):
        raise NotFound()
    from . import metrics  # its library is for few processes

    return _text(metrics.exposition(rt), "text/plain; version=0.0.4; charset=utf-8")


def _text(body: bytes, content_type: str) -> AnyResponse:
    answer = make_response(body)
    answer.headers["Content-Type"] = content_type
    return answer
