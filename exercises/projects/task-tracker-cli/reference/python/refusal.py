class Refusal(Exception):
    """A mistake of the user, or a state of the machine, that one sentence explains.

    Everything else that is raised is a bug.
    """
