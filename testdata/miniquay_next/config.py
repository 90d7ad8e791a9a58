"""Default settings: queue names, feature flags, and code held as configuration values.

Pattern: a class (PRUNE_POLICY) and a function (ROTATION_STEP) stand here as values; views fetch
them by key and call them. Look-alikes: REPORT_POLICY and PREVIEW_STEP, called the same way, touch
no queue.
"""

from contextlib import nullcontext

from data.retention import ReportPolicy, SweepPolicy, preview_rotation, rotate_logs


class DefaultConfig:
    SERVER_HOSTNAME = "registry.example.com"
    MAINTENANCE_MODE = False
    DB_TRANSACTION_FACTORY = nullcontext

    CHUNK_CLEANUP_QUEUE_NAME = "chunkcleanup"
    REPLICATION_QUEUE_NAME = "blobreplication"
    PROXY_BLOB_QUEUE_NAME = "proxyblob"
    IMAGE_BUILD_QUEUE_NAME = "imagebuild"
    NOTIFICATION_QUEUE_NAME = "notification"
    EXPORT_LOGS_QUEUE_NAME = "exportlogs"
    REPOSITORY_GC_QUEUE_NAME = "repositorygc"
    NAMESPACE_GC_QUEUE_NAME = "namespacegc"
    AUDIT_QUEUE_NAME = "audit"
    MAIL_QUEUE_NAME = "outbox"
    FEEDBACK_QUEUE_NAME = "feedback"

    FEATURE_BUILD_SUPPORT = True
    FEATURE_LOG_EXPORT = True
    FEATURE_PROXY_CACHE = True
    FEATURE_QUIET_CREATE = False
    FEATURE_REPO_MIRROR = True
    FEATURE_SCAN_CALLBACKS = True
    FEATURE_STORAGE_REPLICATION = True

    ALLOW_LABELS = True
    MAIL_ON_INVITE = True

    LOGS_MODEL = "database"
    LOGS_MODEL_CONFIG = {"page_size": 20}
    ARCHIVE_MODEL = "quiet"
    MODEL_CACHE = "none"

    STORAGE_LOCATIONS = {
        "local_us": ["LocalStorage", {"root": "layers"}],
        "swift_eu": ["SwiftStorage", {"container": "layers"}],
    }
    STORAGE_PREFERENCE = "swift_eu"
    MIRROR_DRIVER = "SwiftStorage"
    ARCHIVE_DRIVER = "LocalStorage"
    USERFILES_PATH = "userfiles"

    GITHUB_LOGIN_CONFIG = {"CLIENT_ID": "github-client"}
    GITLAB_LOGIN_CONFIG = {"CLIENT_ID": "gitlab-client"}

    PRUNE_POLICY = SweepPolicy
    REPORT_POLICY = ReportPolicy
    ROTATION_STEP = staticmethod(rotate_logs)
    PREVIEW_STEP = staticmethod(preview_rotation)
