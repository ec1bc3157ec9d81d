"""Backups: the whole database server as files, while writes go on, and the way back, checked before anybody uses it.

A backup is a folder: PostgreSQL's own base backup (`data`), anchors and erasures, and a manifest with the size and the
SHA-256 of every file. No secret is in it: not the key file, no password, no API key in clear.
"""
