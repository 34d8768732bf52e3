"""How many emails one worker sends: `python -m tests.bench.letters [NUMBER]`. Ends with 1 below the budget.

The mail server is a process of its own on this machine, the ledger is on SQLite and on PostgreSQL, and every letter
takes the whole way: contact asked, text written in the tenant's words, taken, handed over, recorded. The rate counts
by the clock; that by processor time of the worker is what a machine with nothing else to do comes near.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask_certify.host.records import Contact
from tests.support import databases, ledger, mail_server, postgres
from tests.support.mail_server import free_port

BUDGET = 500  # a second


def main(number: int = 5000) -> int:
    rates = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as standing:
        port = standing.enter_context(serving())
        sqlite = standing.enter_context(databases.sqlite(Path(folder)))
        postgresql = standing.enter_context(databases.postgres(standing.enter_context(postgres.running())))
        for name, url in (("SQLite", sqlite.url), ("PostgreSQL", postgresql.url)):
            rates.append(send(name, url, port, number))
    return 0 if min(rates) >= BUDGET else 1


def send(name: str, url: str, port: int, number: int) -> float:
    """Letters a second by the clock."""
    with ledger.opened(url, mail=f"smtp://127.0.0.1:{port}") as book:
        book.award_many({f"x{at:05}": Contact(f"x{at:05}@example.org") for at in range(number)})
        chunks = book.tell(*book.awards)
        began, processor = time.monotonic(), time.process_time()
        assert set(book.deliver(chunks)) == {"done"}
        seconds, busy = time.monotonic() - began, time.process_time() - processor
        assert {state for state, _ in book.states().values()} == {"sent"}
    print(
        f"{name:<12} {number:,} emails: {number / seconds:,.0f} a second by the clock, "
        f"{number / busy:,.0f} by processor time ({busy / number * 1000:.2f} ms each)"
    )
    return number / seconds


@contextmanager
def serving() -> Iterator[int]:
    """The port of a mail server that takes everything, in a process of its own."""
    port = free_port()
    program = f"from tests.bench.letters import serve; serve({port})"
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        server.stdout.readline()
        yield port
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def serve(port: int) -> None:
    with mail_server.running(port=port):
        print("ready", flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
