"""The use cases: what agencies, providers, workers and auditors do with orders.

A service gets, lets the domain decide, and appends; everything outside stands behind a port in `ports`.
"""
