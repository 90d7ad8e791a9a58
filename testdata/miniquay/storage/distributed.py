"""Storage spread over locations.

Pattern: a factory makes one forwarding method per driver method and finds it again by `__name__`.
Look-alikes: `exists` and `put_content`, made by the same factory.
"""

from functools import wraps

from storage.drivers import BaseStorage


def _at_location(method):
    @wraps(method)
    def forward(self, location, *args, **kwargs):
        driver = self._drivers[location]
        return getattr(driver, method.__name__)(*args, **kwargs)

    return forward


class DistributedStorage:
    def __init__(self, drivers, preferred):
        self._drivers = dict(drivers)
        self.preferred = preferred

    exists = _at_location(BaseStorage.exists)
    put_content = _at_location(BaseStorage.put_content)
    finish_chunked_upload = _at_location(BaseStorage.finish_chunked_upload)
    cancel_chunked_upload = _at_location(BaseStorage.cancel_chunked_upload)
