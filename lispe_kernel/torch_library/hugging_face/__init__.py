"""Models of Hugging Face folders, with transformers as the engine."""
