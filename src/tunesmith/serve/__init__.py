"""The process that answers: it loads models, proves them, and generates."""
