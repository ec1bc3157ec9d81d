"""Files of providers and banks on their way in: what their columns mean, and what their rows say."""
