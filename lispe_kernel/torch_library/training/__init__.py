"""Training: optimizers, losses, schedules, gradients."""
