"""Training: losses, optimizers, schedules, gradients, random state."""
