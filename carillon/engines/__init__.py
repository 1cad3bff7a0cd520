"""Real PostgreSQL, Redis and Kafka for development and tests: on loopback, on private ports, under one directory.

`python -m carillon.engines up|down|run|need`; see `__main__`. Production brings its own; the embedded engines need none of this.
"""
