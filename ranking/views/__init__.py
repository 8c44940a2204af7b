"""The leaderboard, and the published rankings behind it."""
