"""Modules: layers, attention, encodings, generation, and what is called forward."""
