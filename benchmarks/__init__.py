"""How fast the service is, as ratios against bare yardsticks measured in the same run.

`make bench` runs them; nothing here is a test, and no number here fails anything.
"""
