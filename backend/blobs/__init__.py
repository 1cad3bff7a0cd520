"""Blobs: bytes under names made of their content, in a folder or in S3."""
