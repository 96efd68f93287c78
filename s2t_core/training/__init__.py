"""How a checkpoint is made and adapted: warm start from Whisper, distillation, fine-tuning. Not needed to recognise."""
