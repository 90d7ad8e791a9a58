"""Policies that configuration refers to by value.

Pattern: SweepPolicy and rotate_logs put an item. Look-alikes: ReportPolicy and preview_rotation
take the same arguments and only count.
"""

import json


class SweepPolicy:
    def __init__(self, queue):
        self._queue = queue

    def apply(self, namespace):
        return self._queue.put([namespace], json.dumps({"kind": "sweep", "subject": namespace}))


class ReportPolicy:
    def __init__(self, queue):
        self._queue = queue

    def apply(self, namespace):
        return self._queue.num_alive_jobs([namespace])


def rotate_logs(queue, namespace):
    return queue.put([namespace], json.dumps({"kind": "rotate", "subject": namespace}))


def preview_rotation(queue, namespace):
    return queue.num_alive_jobs([namespace])
