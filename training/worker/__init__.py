"""One training run: `python -m training.worker RECIPE.json`, or by `accelerate launch`. No Django in it."""
