"""The demo: its people, its history, its stream, and how it leaves."""
