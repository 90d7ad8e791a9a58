"""The application object, every queue, and the long-lived helpers that hold them.

Patterns: queues made from configuration keys; callback lists are filled here at start-up; a
thread started at import puts an item that belongs to no route.
"""

import json
import os
import time

from flask import Flask, g

import features
from config import DefaultConfig
from data import archive_model, logs_model, model
from data.cache import choose_cache
from data.queue import WorkQueue
from data.userfiles import UserFiles
from oauth.loginmanager import LoginManager
from path_converters import RegexConverter, RepositoryPathConverter
from storage import Storage, make_archive_driver, make_driver
from storage.downloadproxy import DownloadProxy
from util.startup import RenameLog, RingBuffer, TombstoneWriter, start_heartbeat

app = Flask(__name__)
app.config.from_object(DefaultConfig())
app.config.update(json.loads(os.environ.get("MINIQUAY_SETTINGS", "{}")))
features.import_features(app.config)

app.url_map.converters["regex"] = RegexConverter
app.url_map.converters["repopath"] = RepositoryPathConverter


@app.before_request
def remember_start():
    g.started_at = time.monotonic()


@app.after_request
def add_timing(response):
    response.headers["X-Elapsed"] = f"{time.monotonic() - g.started_at:.3f}"
    return response


tf = app.config["DB_TRANSACTION_FACTORY"]

chunk_cleanup_queue = WorkQueue(app.config["CHUNK_CLEANUP_QUEUE_NAME"], tf)
replication_queue = WorkQueue(app.config["REPLICATION_QUEUE_NAME"], tf, has_namespace=True)
proxy_blob_queue = WorkQueue(app.config["PROXY_BLOB_QUEUE_NAME"], tf, has_namespace=True)
build_queue = WorkQueue(app.config["IMAGE_BUILD_QUEUE_NAME"], tf, has_namespace=True)
notification_queue = WorkQueue(app.config["NOTIFICATION_QUEUE_NAME"], tf, has_namespace=True)
export_logs_queue = WorkQueue(app.config["EXPORT_LOGS_QUEUE_NAME"], tf, has_namespace=True)
repository_gc_queue = WorkQueue(app.config["REPOSITORY_GC_QUEUE_NAME"], tf, has_namespace=True)
namespace_gc_queue = WorkQueue(app.config["NAMESPACE_GC_QUEUE_NAME"], tf, has_namespace=False)
audit_queue = WorkQueue(app.config["AUDIT_QUEUE_NAME"], tf)
mail_queue = WorkQueue(app.config["MAIL_QUEUE_NAME"], tf)
feedback_queue = WorkQueue(app.config["FEEDBACK_QUEUE_NAME"], tf)

all_queues = [build_queue, notification_queue, repository_gc_queue, namespace_gc_queue]

feedback_buffer = RingBuffer(size=50)
model_cache = choose_cache(app.config)
storage = Storage(app, chunk_cleanup_queue)
mirror_driver = make_driver(app.config["MIRROR_DRIVER"], "mirror", chunk_cleanup_queue)
archive_driver = make_archive_driver(app.config["ARCHIVE_DRIVER"], "archive", chunk_cleanup_queue)
userfiles = UserFiles(app, audit_queue)
download_proxy = DownloadProxy(app, audit_queue)
oauth_login = LoginManager(app.config)

tombstones = TombstoneWriter(audit_queue)
rename_log = RenameLog(audit_queue)
model.config.on_cleanup(tombstones.write)
model.config.on_rename(rename_log.write)

logs_model.configure(app.config)
archive_model.configure(app.config)

start_heartbeat(audit_queue)
