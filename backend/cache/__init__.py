"""Fast shared facts that may be lost at any time: memory and Redis."""
