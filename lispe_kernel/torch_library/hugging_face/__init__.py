"""Models from Hugging Face folders."""
