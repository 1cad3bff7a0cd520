"""The command: the only place that knows portal, backend and workers."""
