"""Login services, one per `*_LOGIN_CONFIG` setting.

Pattern: two services are named in code; any other key makes a service whose id only configuration
knows, so its routes can be given only as a template.
"""

_SUFFIX = "_LOGIN_CONFIG"


class LoginService:
    def __init__(self, settings, key):
        self._settings = settings[key]
        self._key = key

    def service_id(self):
        raise NotImplementedError

    def user_of(self, code):
        return f"{self.service_id()}-{code}"


class GithubLogin(LoginService):
    def service_id(self):
        return "github"


class GitlabLogin(LoginService):
    def service_id(self):
        return "gitlab"


class OpenIdLogin(LoginService):
    def service_id(self):
        return self._key[: -len(_SUFFIX)].lower()


_KNOWN = {"GITHUB_LOGIN_CONFIG": GithubLogin, "GITLAB_LOGIN_CONFIG": GitlabLogin}


class LoginManager:
    def __init__(self, settings):
        self.services = []
        for key in list(settings):
            if key.endswith(_SUFFIX):
                self.services.append(_KNOWN.get(key, OpenIdLogin)(settings, key))
