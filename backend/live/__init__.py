"""Live presentation of the inbox to connected people."""
