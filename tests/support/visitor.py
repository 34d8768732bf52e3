"""Somebody in front of the campus's pages, from another machine: `python -m tests.support.visitor ADDRESS RUN`.

Logs in as the mentor, has the certificates of the run packed, fetches every file, and prints what came as JSON.
"""

import io
import json
import re
import sys
import time
import zipfile

import requests

from examples.campus import people

LONGEST = 120  # seconds


def visit(address: str, run: str) -> dict[str, object]:
    with requests.Session() as browser:
        page = browser.get(f"{address}/login", timeout=30)
        form = {"user_name": "mentor.aaa", "password": people.PASSWORD}
        browser.post(
            f"{address}/login", data={"csrf_token": token_in(page.text), **form}, timeout=30
        ).raise_for_status()
        page = browser.get(f"{address}/certify/runs/by-ref", params={"ref": run}, timeout=30)
        page.raise_for_status()
        page = browser.get(f"{page.url}/download", timeout=30)
        ask = {"csrf_token": token_in(page.text)}
        opened = browser.post(page.url, data=ask, headers={"Referer": page.url}, timeout=30)
        opened.raise_for_status()
        bundle = wait_for(browser, opened.url)
        fetched = [fetch(browser, f"{opened.url}/{number}.zip") for number in range(1, len(bundle["parts"]) + 1)]
    return {"packed": bundle["packed"], "fetched": fetched, "ready": ready(address)}


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


def wait_for(browser: requests.Session, bundle: str) -> dict:
    deadline = time.monotonic() + LONGEST
    while True:
        told = browser.get(f"{bundle}.json", timeout=30).json()
        if told["is_over"]:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def fetch(browser: requests.Session, url: str) -> dict[str, object]:
    """Where the file came from, how many documents are in it, and how one begins."""
    came = browser.get(url, timeout=60)
    came.raise_for_status()
    with zipfile.ZipFile(io.BytesIO(came.content)) as archive:
        assert archive.testzip() is None
        documents = [name for name in archive.namelist() if name.endswith(".pdf")]
        begins = archive.read(documents[0])[:5].decode()
    return {"from": came.url.partition("?")[0], "documents": len(documents), "begins": begins}


def ready(address: str) -> bool:
    return bool(requests.get(f"{address}/certify/readyz", timeout=30).json()["ready"])


if __name__ == "__main__":
    print(json.dumps(visit(*sys.argv[1:3])))
