"""Tokens, roles, sealing and limits."""
