"""The warm verification page against a bare Flask page, each under one gunicorn worker with threads, over HTTP:
`python -m tests.bench.pages [SECONDS]`. Ends with 1 outside a budget.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from flask import Flask

from flask_certify.core.ids import new_code
from flask_certify.verification import limits
from tests.support.certificates import issued_in

FASTEST_SHARE = 0.30
LARGEST_DIFFERENCE = 0.10
CLIENTS, ROUNDS = 4, 6


def bare() -> Flask:
    """What gunicorn serves as the measure: Flask, and a page."""
    app = Flask("bare")

    @app.get("/")
    def page() -> str:
        return "a page"

    return app


def site() -> Flask:
    """What gunicorn serves as ours: the story's host over the database that the bench has filled."""
    from tests.support import story

    app = story.make_app(os.environ["BENCH_DATABASE"], story.make_host(), CERTIFY_COUNT_SECONDS=2)
    limits.plug(app, limits.MovingWindow(most=1_000_000))  # so that unknown codes may be timed
    return app


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/host.db"
        with issued_in(url) as campus:
            code = campus.issue("ada")
        with_bare, with_site = Server("bare", {}), Server("site", {"BENCH_DATABASE": url})
        try:
            rounds = [  # in short turns, so that a slow moment of the machine meets both
                (with_bare.rate("/", seconds / ROUNDS), with_site.rate(f"/certify/v/{code}", seconds / ROUNDS))
                for _ in range(ROUNDS)
            ]
            share = statistics.median(page.a_second / bare.a_second for bare, page in rounds)
            for name, rates in zip(("bare", "verification"), zip(*rounds, strict=True), strict=True):
                a_second = statistics.median(rate.a_second for rate in rates)
                processor = statistics.median(rate.processor for rate in rates) * 1000
                print(f"{name} page {a_second:,.0f} requests/s, {processor:.2f} ms of the server's processor each")
            print(f"the verification page makes {share:.0%} of a bare page's requests/s, median of {ROUNDS} rounds")
            known, unknown = with_site.medians(code)
        finally:
            with_bare.stop()
            with_site.stop()
    difference = abs(unknown - known) / known
    print(
        f"median of a known code {known * 1000:.2f} ms, of an unknown one {unknown * 1000:.2f} ms: "
        f"{difference:.1%} apart"
    )
    return 0 if share >= FASTEST_SHARE and difference <= LARGEST_DIFFERENCE else 1


class Rate(NamedTuple):
    """How many requests a second, and how many seconds of processor the server took for each."""

    a_second: float
    processor: float


class Server:
    """One gunicorn worker with threads, on a free port of this machine."""

    def __init__(self, name: str, environment: dict[str, str]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        log = Path(self._folder.name) / "log"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gthread"),
                *("--workers", "1", "--threads", str(CLIENTS), "--keep-alive", "60", "--no-control-socket"),
                *("--error-logfile", str(log), f"tests.bench.pages:{name}()"),
            ],
            env={**os.environ, **environment},
        )
        self.port = self._port(log)

    def _port(self, log: Path) -> int:
        for _ in range(300):
            if log.exists() and "Listening at" in log.read_text() and "Booting worker" in log.read_text():
                return int(log.read_text().split("Listening at: http://127.0.0.1:")[1].split(" ")[0])
            time.sleep(0.1)
        raise TimeoutError(log.read_text() if log.exists() else "gunicorn said nothing")

    def rate(self, path: str, seconds: float) -> Rate:
        """By clients that keep their connections."""
        self._ask(path, 20)
        spent = self._processor()
        counts, until = [0] * CLIENTS, time.monotonic() + seconds

        def work(which: int) -> None:
            connection = HTTPConnection("127.0.0.1", self.port)
            while time.monotonic() < until:
                connection.request("GET", path)
                connection.getresponse().read()
                counts[which] += 1
            connection.close()

        threads = [threading.Thread(target=work, args=(which,)) for which in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Rate(sum(counts) / seconds, (self._processor() - spent) / sum(counts))

    def _processor(self) -> float:
        """Seconds of processor that the worker has taken."""
        master = self._process.pid
        ticks = 0
        for worker in Path(f"/proc/{master}/task/{master}/children").read_text().split():
            after_name = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            ticks += int(after_name[11]) + int(after_name[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def medians(self, code: str) -> tuple[float, float]:
        """Seconds of a known and of unknown codes, asked in turn."""
        self._ask(f"/certify/v/{code}", 50)
        known, unknown = list[float](), list[float]()
        for _ in range(1000):
            known += self._ask(f"/certify/v/{code}", 1)
            unknown += self._ask(f"/certify/v/{new_code()}", 1)
        return statistics.median(known), statistics.median(unknown)

    def _ask(self, path: str, times: int) -> list[float]:
        connection, found = HTTPConnection("127.0.0.1", self.port), []
        connection.connect()
        for _ in range(times):
            began = time.perf_counter()
            connection.request("GET", path)
            connection.getresponse().read()
            found.append(time.perf_counter() - began)
        connection.close()
        return found

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
        self._folder.cleanup()


if __name__ == "__main__":
    sys.exit(main())
