"""What can wait until the reader has the page."""

from collections.abc import Callable

from flask import Response, after_this_request, current_app, has_request_context


def after_response(do: Callable[[], None]) -> None:
    """Does it when the present answer has been sent, in the application's context; at once if there is none."""
    if not has_request_context():
        do()
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def in_context() -> None:
        with app.app_context():
            do()

    @after_this_request
    def remember(response: Response) -> Response:
        response.call_on_close(in_context)
        return response
