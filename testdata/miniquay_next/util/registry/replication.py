"""Copies of blobs in other locations.

Patterns: reached by `import a.b.c` inside a function; a closure yielded by a context manager, with
the feature test inside the closure. Look-alike: the function of the same name in the sibling module
`checks`.
"""

import json
from contextlib import contextmanager

from flask import request

import features
from app import replication_queue


@contextmanager
def replication_batch(location):
    with replication_queue.batch_insert() as put:

        def add_blob(digest):
            if features.STORAGE_REPLICATION:
                put([digest], json.dumps({"digest": digest, **location}))

        yield add_blob


def replicate(namespace, digests):
    with replication_batch(request.get_json(silent=True) or {}) as add_blob:
        for digest in digests:
            add_blob(digest)
    return len(digests)
