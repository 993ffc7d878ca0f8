# Four images that share their lower layers; docs/operators/containers.md tells how to run them.
#   docker build --target web .      pages and API: no JAX, no jail
#   docker build --target worker .   grades: the jail, JAX and Flax
#   docker build --target all .      the whole service on one machine
#   docker build --target tools .    backups: the pages' image with PostgreSQL's own tools
# Both bases may be others, from a registry of your own for one: Debian with Python 3.11, pip and apt, and Node.js with npm.
ARG NODE_IMAGE=node:22-bookworm-slim
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${NODE_IMAGE} AS islands
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json vite.config.ts ./
COPY app/web app/web
RUN npm run build


# The sources once, for every image. References belong to it: whoever loads the problems stores them with theirs.
FROM scratch AS checkout
WORKDIR /checkout
COPY pyproject.toml setup.py README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY app app
COPY sandbox sandbox
COPY problems problems
COPY reference_solutions reference_solutions
COPY --from=islands /build/app/web/static/dist app/web/static/dist


# Python, an ordinary user, and the packages that every image has.
FROM ${PYTHON_IMAGE} AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    JAXERCISE_DATA_DIR=/var/lib/jaxercise \
    JAXERCISE_HOST=0.0.0.0 \
    JAXERCISE_PORT=8000
RUN groupadd --system --gid 10001 jaxercise \
    && useradd --system --uid 10001 --gid 10001 --create-home --home-dir /var/lib/jaxercise jaxercise
WORKDIR /srv/jaxercise
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements.lock


FROM base AS web
ENV JAXERCISE_WORKER=false
COPY --from=checkout /checkout ./
RUN pip install --no-deps --no-build-isolation --editable .
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["jaxercise", "serve"]


# The tools must not be older than the server; Debian 12 has those of 15, which compose.yaml runs.
FROM web AS tools
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=10001 --group=10001 --mode=0700 /backups
USER 10001:10001
VOLUME /backups
HEALTHCHECK NONE
CMD ["jaxercise", "db", "check"]


FROM base AS jail
# Debian keeps one version of a package at a time, so a pinned one would soon be gone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-jail.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements-jail.lock
COPY --from=checkout /checkout ./
RUN pip install --no-deps --no-build-isolation --editable .
USER 10001:10001
VOLUME /var/lib/jaxercise


FROM jail AS worker
ENV JAXERCISE_WORKER_PORT=8001
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/readyz', timeout=4)"]
CMD ["jaxercise", "worker"]


FROM jail AS all
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["jaxercise", "serve"]
