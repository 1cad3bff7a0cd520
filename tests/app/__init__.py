"""Tests of the facade on its real engines."""
