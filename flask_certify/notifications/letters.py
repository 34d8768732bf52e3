"""An email as it travels."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from .contacts import usable_email
from .ports import Letter, Refused


def compose(letter: Letter, sender: str) -> EmailMessage:
    """The letter with all its headers. Raises Refused for an address that is none, or would break a header.

    The Message-ID comes from the row of the ledger, so that a letter that arrives twice can be recognised.
    """
    to = usable_email(letter.to)
    # Plain letters need no promise of the server; addresses in other letters do.
    policy = (SMTP if to.isascii() else SMTPUTF8).clone(cte_type="7bit")
    message = EmailMessage(policy=policy)
    try:
        message["From"] = Address(letter.sender_name, addr_spec=sender)
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(letter.written_at)
        message["Message-ID"] = f"<{letter.message_id}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # no holiday notes in answer, please
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        message["Content-Language"] = letter.language  # of the whole; before, it would go to the first part
    except ValueError:  # a line break in a header
        raise Refused("mail.unusable_address") from None
    return message


def as_sent(message: EmailMessage) -> bytes:
    return message.as_bytes()
