"""Reactions: what follows recorded facts in the world outside, in a process of its own.

A reaction asks a view what is open, issues commands under keys derived from the thing, calls a port once the intent is
durable, and records the provider's answer. It may be killed at any moment and begin again: nothing is done twice,
because every step asks first, and every call and command has a key.
"""
