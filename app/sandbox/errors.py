"""What goes wrong in the sandbox, as one class: the message is a sentence for the person at the terminal."""


class SandboxError(Exception):
    """The sandbox cannot be had; the message says why and what to do."""
