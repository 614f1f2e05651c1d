"""Every port in memory: for tests, and for whoever wants to see the service run on nothing.

These are adapters like the others and pass the same contract suites.
"""
