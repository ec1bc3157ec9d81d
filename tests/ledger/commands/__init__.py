"""Commands: what each records, and what each answers with."""
