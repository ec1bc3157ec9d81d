"""The one door for writing: commands, the engine that commits them, the event store, the seal, settings, ports."""
