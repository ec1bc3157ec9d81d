"""Tests of files of providers and banks."""
