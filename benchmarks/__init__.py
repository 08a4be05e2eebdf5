"""Benchmarks of the kernel against its alternatives; benchmarks.run finds and runs them."""
