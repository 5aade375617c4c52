"""The words every room shares: ids, clock, geometry, units, severity, errors, messages, events. No I/O."""
