"""Many processes: joining what torchrun started, values of all ranks, models that all of them train."""
