"""The Elo scale: 400 points are odds of 10 to 1, around 1000."""

import numpy as np

MEAN = 1000.0
ELO_PER_LOG_ODDS = float(400 / np.log(10))
