"""Views of what is seen inside a model: what its layers would answer, how its parts hang together."""
