"""Storage from configuration.

Pattern: DRIVERS is a dict of classes, indexed by a configuration string, then called. Look-alike:
ARCHIVE_DRIVERS is such a dict too, without the class that enqueues.
"""

from storage.distributed import DistributedStorage
from storage.drivers import LocalStorage, MemoryStorage, StorageContext, SwiftStorage
from util.forwarding import Forwarding

DRIVERS = {
    "LocalStorage": LocalStorage,
    "MemoryStorage": MemoryStorage,
    "SwiftStorage": SwiftStorage,
}
ARCHIVE_DRIVERS = {"LocalStorage": LocalStorage, "MemoryStorage": MemoryStorage}


def make_driver(driver_name, location, chunk_cleanup_queue, **options):
    driver_class = DRIVERS.get(driver_name, MemoryStorage)
    return driver_class(StorageContext(location, chunk_cleanup_queue), **options)


def make_archive_driver(driver_name, location, chunk_cleanup_queue):
    return ARCHIVE_DRIVERS[driver_name](StorageContext(location, chunk_cleanup_queue))


class Storage(Forwarding):
    def __init__(self, app, chunk_cleanup_queue):
        super().__init__()
        drivers = {}
        for location, (driver_name, options) in app.config["STORAGE_LOCATIONS"].items():
            drivers[location] = make_driver(driver_name, location, chunk_cleanup_queue, **options)
        self.initialize(DistributedStorage(drivers, app.config["STORAGE_PREFERENCE"]))
