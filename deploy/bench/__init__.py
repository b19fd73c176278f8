"""Benchmarks: how fast the node is, each time against a yardstick measured in the same minute on the same machine."""
