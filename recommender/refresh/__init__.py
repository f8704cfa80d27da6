"""Refresh: snapshot, embed, tune, evaluate, fit, profiles, publish; resumed after a crash, one at a time."""
