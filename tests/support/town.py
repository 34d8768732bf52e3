"""A ledger, people with contacts, and the servers to which messages go: for tests about telling people."""

from dataclasses import dataclass

from flask_certify.host.records import Contact
from tests.support.ledger import Ledger
from tests.support.mail_server import PostOffice
from tests.support.sms_server import Exchange

ADA = Contact("ada@example.org", "+447700900001", "en_GB")
BEN = Contact("ben@example.org")
CY = Contact(phone="+447700900003", locale="hi")
SENT, QUEUED = ("sent", None), ("queued", None)  # state and reason


@dataclass
class Town:
    """All that a message needs to arrive, and to be seen arriving."""

    ledger: Ledger
    office: PostOffice
    exchange: Exchange

    def told(self, contact: Contact) -> tuple[int, int]:
        """How many emails and how many SMS have reached this contact."""
        return self.office.sent_to(contact.email or ""), self.exchange.sent_to(contact.phone or "")
