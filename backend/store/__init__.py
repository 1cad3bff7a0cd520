"""Rows: one store port on SQLite and PostgreSQL."""
