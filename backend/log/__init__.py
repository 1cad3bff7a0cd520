"""The event log: one port, embedded on SQLite and on Kafka."""
