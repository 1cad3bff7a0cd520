"""One module per screen, with its state."""
