"""Everything behind the entrances: facade, domain, stores, log, cache, channels, live delivery."""
