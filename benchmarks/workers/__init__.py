"""One small file per client, each run as its own process by `benchmarks.runner`."""
