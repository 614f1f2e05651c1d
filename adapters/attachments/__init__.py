"""The files of composed e-mails, fetched from their senders' storage by signed addresses."""
