"""The commands of `./dure`, one module each.

A module has `arguments(parser)` and `run(args) -> exit code`, or `main(words) -> exit code`. It imports what it
needs inside
`run`, so that help stays quick.
"""
