"""LoRA: adapters on layers and models, their files, exchange with PEFT, what they weigh."""
