"""What can keep the catch-all servers from their work."""


class MailboxUnavailableError(Exception):
    """The mailbox cannot be written or read just now; nothing was taken in."""


class MailboxInUseError(Exception):
    """Another catch-all already writes to this mailbox; stop it first, or name another folder."""


class MalformedDocumentError(Exception):
    """The document is not one that the SMS gateway understands."""
