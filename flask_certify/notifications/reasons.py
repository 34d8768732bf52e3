"""Why a message was not sent: codes in the ledger and the failure log, sentences at the door."""

from ..core.i18n import N_

NO_CONTACT = "notify.no_contact"
NOT_ASKED = "notify.contacts_unknown"
NO_ADDRESS = "notify.no_address"
ERASED = "notify.erased"
NOT_CONFIGURED = "notify.not_configured"
INTERRUPTED = "notify.interrupted"
SWITCHED_OFF = "notify.switched_off"
OPTED_OUT = "notify.opted_out"
QUIET = "notify.quiet"
ASK_FIRST = "sms.server_error"  # it may have been taken, so the provider is asked before it is sent again

WORDS: dict[str, str] = {
    NO_CONTACT: N_("The learning platform knows neither an email address nor a mobile number of this learner."),
    NOT_ASKED: N_(
        "The learning platform could not say how to reach the learners (%(kind)s). Their messages wait; "
        "it is asked again when they are sent."
    ),
    NO_ADDRESS: N_("The learning platform no longer knows where to send this message."),
    ERASED: N_("The learner was erased before this message could be sent."),
    NOT_CONFIGURED: N_("This way of sending is not set up. See CERTIFY_MAIL and CERTIFY_SMS."),
    INTERRUPTED: N_("The program ended while it was sending this message. It may have been sent; ask the learner."),
    SWITCHED_OFF: N_("Messages of this kind were switched off."),
    OPTED_OUT: N_("The learner wants no such messages."),
    QUIET: N_("The messages rest during the quiet hours. They are sent afterwards by themselves."),
    "mail.bounced": N_("The mail server of the learner sent the email back (%(answer)s). Check the email address."),
    "mail.complained": N_("The learner reported the email as unwanted."),
    "sms.undelivered": N_("The SMS did not reach the phone (%(answer)s). Check the mobile number."),
    "sms.server_error": N_("The SMS provider had an error of its own (%(answer)s)."),
    "sms.paced": N_("The senders of SMS are busy with those that were handed in before."),
    "mail.unusable_address": N_("The email address cannot be used. Correct it in the learning platform."),
    "mail.refused": N_("The mail server does not accept the message (%(answer)s). Check the email address."),
    "mail.later": N_("The mail server asks to try again later (%(answer)s)."),
    "mail.sender_refused": N_("The mail server does not accept our sender (%(answer)s). Check CERTIFY_MAIL_FROM."),
    "mail.login_refused": N_("The mail server does not accept our password. Check CERTIFY_MAIL."),
    "mail.not_encrypted": N_("The mail server offers no encryption, so our password was not sent to it."),
    "mail.away": N_("The mail server does not answer."),
    "mail.uncertain": N_("The mail server's answer was lost. The email may have been sent; ask the learner."),
    "sms.unusable_number": N_("The mobile number cannot be used. Correct it in the learning platform."),
    "sms.refused": N_("The SMS provider does not accept the message (%(answer)s). Check the mobile number."),
    "sms.later": N_("The SMS provider asks to try again later (%(answer)s)."),
    "sms.sender_refused": N_("The SMS provider does not accept our sender (%(answer)s). Check CERTIFY_SMS."),
    "sms.login_refused": N_("The SMS provider does not know our account (%(answer)s). Check CERTIFY_SMS."),
    "sms.away": N_("The SMS provider does not answer."),
    "sms.uncertain": N_("The SMS provider's answer was lost. The SMS may have been sent; ask the learner."),
}
