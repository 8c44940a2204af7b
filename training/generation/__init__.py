"""Instructions and answers, sampled from an instruct model that is given nothing but its chat template."""
