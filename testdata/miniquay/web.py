"""Entry module of the web process: pages, API, hooks and login."""

from app import app as application
from endpoints.api import api_bp
from endpoints.internal import internal_bp
from endpoints.oauth.login import oauthlogin
from endpoints.web import web
from endpoints.webhooks import githooks, realtime, webhooks, wellknown

application.register_blueprint(web)
application.register_blueprint(api_bp, url_prefix="/api")
application.register_blueprint(internal_bp, url_prefix="/internal")
application.register_blueprint(oauthlogin, url_prefix="/oauth2")
application.register_blueprint(githooks, url_prefix="/hooks")
application.register_blueprint(webhooks, url_prefix="/webhooks")
application.register_blueprint(realtime, url_prefix="/realtime")
application.register_blueprint(wellknown, url_prefix="/.well-known")
