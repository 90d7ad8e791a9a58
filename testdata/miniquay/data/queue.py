"""The work queue: items live in a module-level list, so no database is needed.

Pattern: `batch_insert` is a context manager that yields a closure; only a call of that closure
counts. Every accepted item is also told to an optional recorder.
"""

import itertools
from contextlib import contextmanager

_items = []
_ids = itertools.count(1)
_recorders = []


def add_recorder(recorder):
    _recorders.append(recorder)


def _tell(queue_name, operation, body):
    for recorder in _recorders:
        recorder(queue_name, operation, body)


class WorkQueue:
    def __init__(
        self, queue_name, transaction_factory, canonical_name_match_list=None, has_namespace=False
    ):
        self._queue_name = queue_name
        self._transaction = transaction_factory
        self._match_list = canonical_name_match_list or []
        self._has_namespace = has_namespace

    def _path(self, names):
        return "/".join([self._queue_name, *names]) + "/"

    def _item(self, names, body, retries):
        return {"id": next(_ids), "path": self._path(names), "body": body, "retries": retries}

    def _mine(self, names=()):
        prefix = self._path(names)
        return [item for item in _items if item["path"].startswith(prefix)]

    def put(self, canonical_name_list, message, available_after=0, retries_remaining=5):
        item = self._item(canonical_name_list, message, retries_remaining)
        with self._transaction(None):
            _items.append(item)
        _tell(self._queue_name, "put", message)
        return str(item["id"])

    @contextmanager
    def batch_insert(self, batch_size=100):
        pending = []

        def batch_put(canonical_name_list, message, available_after=0, retries_remaining=5):
            pending.append(self._item(canonical_name_list, message, retries_remaining))
            _tell(self._queue_name, "batch_insert", message)

        yield batch_put

        for start in range(0, len(pending), batch_size):
            _items.extend(pending[start : start + batch_size])

    def get(self, processing_time=300):
        mine = self._mine(self._match_list)
        return mine[0] if mine else None

    def complete(self, item):
        self.cancel(item["id"])

    def incomplete(self, item, retry_after=300, restore_retry=False):
        item["retries"] += 1 if restore_retry else -1
        return item["retries"] > 0

    def cancel(self, item_id):
        before = len(_items)
        _items[:] = [item for item in _items if item["id"] != item_id]
        return len(_items) < before

    def alive(self, canonical_name_list):
        return bool(self._mine(canonical_name_list))

    def num_alive_jobs(self, canonical_name_list):
        return len(self._mine(canonical_name_list))

    def delete_namespaced_items(self, namespace, subpath=None):
        if not self._has_namespace:
            return 0
        doomed = self._mine([namespace, subpath] if subpath else [namespace])
        for item in doomed:
            self.cancel(item["id"])
        return len(doomed)

    def update_metrics(self):
        return {"queue": self._queue_name, "waiting": len(self._mine())}
