"""Blob uploads.

Pattern: `abandon_unless_committed` does its work in `finally`, which matters only when the body
failed. Look-alike: `timed` is a context manager with a `finally` too, around the same upload.
"""

import time
from contextlib import contextmanager


class DigestMismatch(Exception):
    pass


class Upload:
    def __init__(self, storage, location, upload_id):
        self._storage = storage
        self._location = location
        self._upload_id = upload_id
        self.committed_digest = None
        self.seconds = None

    def append(self, data):
        self._storage.put_content(self._location, self._upload_id, data)

    def commit(self, digest):
        self._storage.finish_chunked_upload(self._location, self._upload_id)
        self.committed_digest = digest

    def store_whole(self, data, digest):
        if not data:
            raise DigestMismatch(digest)
        self._storage.put_content(self._location, digest, data)
        self.committed_digest = digest

    def abandon(self):
        self._storage.cancel_chunked_upload(self._location, self._upload_id)


@contextmanager
def abandon_unless_committed(upload):
    try:
        yield upload
    finally:
        if upload.committed_digest is None:
            upload.abandon()


@contextmanager
def timed(upload):
    started = time.monotonic()
    try:
        yield upload
    finally:
        upload.seconds = time.monotonic() - started
