"""The ways out: an SMTP relay for e-mail, an SMS gateway for text messages.

Each provider here hands letters over and tells, by the phase in which a failure came, whether the
letter can have been accepted. Beside them are the readers of what providers tell afterwards:
delivery status notifications by mail, and the gateway's delivery reports.
"""
