"""The demo campaign, and simulated votes to fill a campaign with."""
