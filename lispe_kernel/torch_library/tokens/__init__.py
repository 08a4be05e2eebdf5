"""Tokenizers: words, byte pairs, SentencePiece."""
