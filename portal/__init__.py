"""Reflex pages for people."""
