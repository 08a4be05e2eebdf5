"""Files of tensors: written whole or not at all, read without running anything, compared with checksums."""
