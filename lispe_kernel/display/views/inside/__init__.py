"""What was seen inside a run of a model: its calls, its attention, what its layers would say next."""
