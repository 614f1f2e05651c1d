"""The real service under load, while its processes and its database are killed again and again.

`python -m tests.chaos --orders 10000 --seed 7` plays it, and says what was lost and what was doubled,
by the mail server's and the gateway's own records.
"""
