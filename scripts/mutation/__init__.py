"""Mutation testing: small faults put into copies of the package, and the tests that ought to notice them."""
