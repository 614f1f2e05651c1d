"""E-mails through an SMTP relay, and what mail servers report of them."""
