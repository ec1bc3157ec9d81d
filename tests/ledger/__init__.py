"""Tests of the one door for writing."""
