"""HTTP entrances."""
