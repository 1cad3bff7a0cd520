"""Tests of the house; contract suites and builders are imported as `tests.<room>.<module>`."""
