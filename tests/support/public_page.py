"""A public page of ours as a browser would have it."""

from html.parser import HTMLParser

from tests.support.certificates import Issued


class Page(HTMLParser):
    """The elements and words of a page, as a browser would have them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))

    def links(self) -> set[str | None]:
        """Where the page leads."""
        return {attrs.get("href") for tag, attrs in self.tags if tag == "a"}

    def fact(self, term: str) -> str:
        """The words that follow this one."""
        return self.words[self.words.index(term) + 1]


def look(issued: Issued, code: str, **headers: str) -> Page:
    return Page(issued.client.get(f"/certify/v/{code}", headers=headers).text)
