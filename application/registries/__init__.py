"""Keep the local copies of the registers up to date, and say so when they are not."""
