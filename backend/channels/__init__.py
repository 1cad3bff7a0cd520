"""Providers: how a message leaves the house."""
