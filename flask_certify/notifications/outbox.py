"""A local outbox: every message becomes a file that can be looked at. For demos, and for hosts that send themselves.

Files are called after the message, so their names tell nobody who was written to. Writing one again changes nothing.
"""

import os
from contextlib import suppress
from pathlib import Path

from .contacts import usable_number
from .letters import compose
from .ports import Away, Letter, Text


class OutboxMailer:
    """Writes `<message>.eml`, which any mail program opens."""

    def __init__(self, folder: str, sender: str) -> None:
        self._folder, self._sender = Path(folder), sender

    def send(self, letter: Letter) -> str | None:
        message = compose(letter, self._sender)
        _put(self._folder / f"{letter.message_id}.eml", message.wire, "mail.away")
        return message.message_id

    def close(self) -> None:
        return None


class OutboxTexter:
    """Writes `<message>.sms.txt`: to whom, an empty line, what."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def send(self, text: Text) -> str | None:
        said = f"To: {usable_number(text.to)}\n\n{text.body}\n"
        _put(self._folder / f"{text.message_id}.sms.txt", said.encode(), "sms.away")
        return None

    def close(self) -> None:
        return None


def _put(path: Path, data: bytes, trouble: str) -> None:
    """The whole file or none, readable by its owner only. Raises Away if there is no room for it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.chmod(0o600)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise Away(trouble) from None
