"""The functions without which nothing runs: operators, types, containers, evaluation, printing."""
