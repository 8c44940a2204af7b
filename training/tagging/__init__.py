"""What is known of instructions: tags by models that are asked, by a reward model, by n-grams and by neighbours."""
