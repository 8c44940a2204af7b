"""`make demo-training`: everything in `training/`, small: from instructions to competitors, on two cores."""
