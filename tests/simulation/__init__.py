"""A deterministic simulation: everything but the world outside is the product's own code.

One seed decides when each port fails, each process dies and each report comes; time is virtual.
`python -m tests.simulation --seed 7` plays one history again, exactly as it was.
"""
