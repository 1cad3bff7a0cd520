"""State of the larger pages, apart from how they are drawn."""
