# The site: web server, worker or beat, as the command says. Models run elsewhere (see docker-compose.yml).
# tests/config/test_compose.py holds every command here against what `make` runs.

FROM python:3.11.13-slim-bookworm AS build
WORKDIR /app
# Only what installing needs, so that the packages stay a layer of their own while the code changes.
COPY tools/__init__.py tools/venv.py tools/
COPY inference/__init__.py inference/exceptions.py inference/
COPY inference/engine/__init__.py inference/engine/environment.py inference/engine/packages.py inference/engine/
COPY requirements/web.txt requirements/
RUN python3 -m tools.venv web
COPY . .
RUN .venv/bin/python tools/messages.py compile
# Keys that open nothing: without them the settings would write keys into the image, and every copy of it would share them.
RUN LEHIA_SECRET_KEY=unused LEHIA_PSEUDONYM_KEY=unused LEHIA_METRICS_TOKEN=unused \
    .venv/bin/python manage.py collectstatic --no-input --clear --verbosity 0

FROM python:3.11.13-slim-bookworm
RUN useradd --system --no-create-home --shell /usr/sbin/nologin lehia
WORKDIR /app
COPY --from=build /app /app
# The code stays root's; what is written while it runs goes under var, and none of it has to survive.
RUN chown -R lehia:lehia var
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LEHIA_LOCAL=no \
    LEHIA_LOG_JSON=yes
USER lehia
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "config.asgi:application", "--config", "python:config.gunicorn", "--bind", "0.0.0.0:8000"]
