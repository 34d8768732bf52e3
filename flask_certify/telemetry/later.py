"""What can wait until the reader has the page."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Response, after_this_request, current_app, g, has_request_context

T = TypeVar("T")
_PLACE = "certify_later"


def after_response(item: T, do: Callable[[Sequence[T]], None]) -> None:
    """Does it once with all items of the present request, when its answer has been sent; at once outside of one.

    It is done in the application's context, which the request's own has left by then.
    """
    if not has_request_context():
        do([item])
        return
    if _PLACE in g:
        g.get(_PLACE).append(item)
        return
    items = [item]
    setattr(g, _PLACE, items)
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def in_context() -> None:
        with app.app_context():
            do(items)

    @after_this_request
    def remember(response: Response) -> Response:
        response.call_on_close(in_context)
        return response
