# The whole service in one image: pages, API, queue and jail. docs/operators/containers.md tells how to run it.
#   docker build --target all .

FROM node:22-bookworm-slim AS islands
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json vite.config.ts ./
COPY app/web app/web
RUN npm run build


# Python, an ordinary user, and where the data lies: what an image without the jail would start from as well.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    JAXERCISE_DATA_DIR=/var/lib/jaxercise \
    JAXERCISE_HOST=0.0.0.0 \
    JAXERCISE_PORT=8000
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/jaxercise jaxercise
WORKDIR /srv/jaxercise


FROM base AS all
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-jail.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements-jail.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY app app
COPY sandbox sandbox
COPY problems problems
COPY reference_solutions reference_solutions
COPY --from=islands /build/app/web/static/dist app/web/static/dist
RUN pip install --no-deps --no-build-isolation --editable .
USER jaxercise
VOLUME /var/lib/jaxercise
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["jaxercise", "serve"]
