"""Under every torch function: arguments checked, errors in LispE's words, progress, interrupts held back."""
