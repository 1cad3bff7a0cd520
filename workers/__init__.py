"""Stages of the line: each reads records, decides or delivers, and lets the runner write."""
