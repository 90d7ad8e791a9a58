"""Look-alike: same function name and arguments as in the sibling module, no queue."""


def replicate(namespace, digests):
    return sum(1 for digest in digests if namespace and ":" in digest)
