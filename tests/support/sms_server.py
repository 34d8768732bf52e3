"""A stand-in for Twilio's server on this machine: speaks HTTP, and answers as a test tells it to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TAKEN = 201, {"status": "queued"}


@dataclass
class Exchange:
    """What came in, and how the server answers. Numbers that nothing is said of are accepted."""

    port: int = 0
    texts: list[dict[str, str]] = field(default_factory=list)  # the forms of those it took
    paths: list[str] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)  # number → status and JSON
    silent: set[str] = field(default_factory=set)  # it has the text, and its answer does not come
    hangs_up: set[str] = field(default_factory=set)  # it has the text, and the connection breaks
    takes_and_fails: set[str] = field(default_factory=set)  # it has the text, and says what `answers` holds
    relents: set[str] = field(default_factory=set)  # after one such answer it takes what comes
    retry_after: str = ""  # what it adds to "too many"
    cannot_say: bool = False  # which texts it has
    lookups: list[dict[str, str]] = field(default_factory=list)  # questions which texts it has
    over: threading.Event = field(default_factory=threading.Event)  # set when the test has ended

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sent_to(self, number: str) -> int:
        return sum(form["To"] == number for form in self.texts)


def name_of(number: int) -> str:
    """What it calls the text that came in after so many others."""
    return f"SM{number:032}"


def made(form: dict[str, str]) -> dict[str, str]:
    return {"date_created": form["DateCreated"]} if "DateCreated" in form else {}


def refusal(status: int, code: int, message: str = "") -> tuple[int, dict[str, Any]]:
    return status, {"code": code, "message": message, "status": status, "more_info": "https://example.org"}


@contextmanager
def running() -> Iterator[Exchange]:
    """A server that is listening."""
    exchange = Exchange()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536  # an answer in one piece: else each waits for the other side's acknowledgement

        def do_GET(self) -> None:
            """Which texts it has, as Twilio lists them."""
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            exchange.lookups.append(asked)
            found = [
                {"sid": name_of(number), "to": form["To"], "body": form["Body"], "status": "queued", **made(form)}
                for number, form in reversed(list(enumerate(exchange.texts)))
                if form["To"] == asked.get("To")
            ]
            if exchange.cannot_say:
                return self._answer(*refusal(503, 20503))
            return self._answer(200, {"messages": found, "page": 0, "page_size": 50, "next_page_uri": None})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            exchange.paths.append(self.path)
            status, answer = exchange.answers.get(form["To"], TAKEN)
            if status < 300 or form["To"] in exchange.takes_and_fails:
                exchange.texts.append(form)
                if answer is TAKEN[1]:
                    answer = {"sid": name_of(len(exchange.texts) - 1), **answer}
            if form["To"] in exchange.relents:
                exchange.answers.pop(form["To"], None)
            if form["To"] in exchange.silent:
                exchange.over.wait(20)
            if form["To"] in exchange.silent | exchange.hangs_up:
                self.close_connection = True
                return
            self._answer(status, answer)

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            if status == 429 and exchange.retry_after:
                self.send_header("Retry-After", exchange.retry_after)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    exchange.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield exchange
    finally:
        exchange.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
