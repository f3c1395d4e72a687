"""Settings of the acceptance server: from the environment only, and nothing is read or opened at import.

With no environment at all it is a hall of its own on SQLite in ``./var/server``. ``DATABASE_URL`` (postgresql://…)
and ``BLOBS_URL`` (s3://…) make it a city. docs/operating.md lists the variables.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.functional import lazystr

from server import keys

BASE = Path(__file__).parent


def _database(url: str) -> dict[str, Any]:
    if url.startswith(("postgresql://", "postgres://")):
        parts = urlsplit(url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            "CONN_MAX_AGE": 0,  # the pool keeps them
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 20, "timeout": 5}},
        }
    return {
        "ENGINE": "server.sqlite_gate",
        "NAME": str(TONGBAN_FOLDER / "tongban.sqlite3"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-4096",
        },
    }


TONGBAN_FOLDER = Path(os.environ.get("TONGBAN_FOLDER") or "var/server").absolute()
TONGBAN_KEY_FILE = Path(os.environ.get("TONGBAN_KEY_FILE") or TONGBAN_FOLDER / "keys.json")
TONGBAN_RECOVERY_KEY = os.environ.get("TONGBAN_RECOVERY_KEY", "")  # the public half, base64
TONGBAN_PUBLIC_URL = os.environ.get("TONGBAN_PUBLIC_URL", "http://127.0.0.1:8000")
TONGBAN_JOBS = os.environ.get("TONGBAN_JOBS", "")  # "threads": this process runs the sweeps itself
TONGBAN_OLDEST_PROGRAM = os.environ.get("TONGBAN_OLDEST_PROGRAM", "")  # below it a station's program is an alarm
TONGBAN_DEVICE_HOURS = float(os.environ.get("TONGBAN_DEVICE_HOURS") or 24)  # out of order for longer is an alarm
BLOBS_URL = os.environ.get("BLOBS_URL", "")

SECRET_KEY = lazystr(keys.secret)
DEBUG = False
_public = urlsplit(TONGBAN_PUBLIC_URL)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *([_public.hostname] if _public.hostname else [])]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if _public.netloc else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "server.org",
    "server.catalogue",
    "server.materials",
    "server.cases",
    "server.exchange",
    "server.supervise",
    "server.web",
]

MIDDLEWARE = [
    "server.problems.ProblemMiddleware",
    "server.turns.TurnsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "server.web.policy.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "server.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": _database(os.environ.get("DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- who is who ---
AUTH_USER_MODEL = "org.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "server.org.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
HEADLESS_CLIENTS = ("app",)
MFA_ADAPTER = "server.org.accounts.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code of the step before or after counts: typing takes time, phones run ahead (RFC 6238, 5.2)
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _public.scheme == "https"
SESSION_COOKIE_NAME = "tongban_session"
# a case's address must not leave with a click; under "no-referrer" browsers call the origin of our own forms null
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # nothing is ever mailed from here

# --- bodies: JSON is bounded here, uploads are read as a stream and bounded by the tus endpoint ---
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 << 20
FILE_UPLOAD_HANDLERS: list[str] = []  # nothing is ever spilled into a temporary file

# --- time and language ---
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE / "locale"]

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "server.logs.Lines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("TONGBAN_LOG", "WARNING")},
    "loggers": {
        "tongban": {"level": os.environ.get("TONGBAN_LOG", "INFO")},
        # Django's own request log names paths, and a path may hold a case number; ProblemMiddleware logs routes
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},  # says again and again what the Problem says once
        "django.server": {"handlers": [], "propagate": False},
    },
}
