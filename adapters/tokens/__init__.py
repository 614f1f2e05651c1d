"""Tokens: which issuers are trusted, their keys, and the checks that make a caller of a token.

Signatures are joserfc's business. Everything else about a token is read again here, strictly, by
one set of rules for each kind of issuer. `development` issues tokens for trying things out.
"""
