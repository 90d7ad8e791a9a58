"""Builds, seen from the data layer.

Pattern: an import inside a function leads up into `endpoints`, where the item is put. Look-alike:
describe_builds imports another function of the same module in the same way.
"""


def request_build(namespace, name):
    from endpoints.building import begin_build

    return begin_build(namespace, name)


def describe_builds(namespace, name):
    from endpoints.building import build_summary

    return build_summary(namespace, name)
