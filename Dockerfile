# Three images from one file:
#   docker build --target web .      pages and API alone, without JAX; needs PostgreSQL and workers elsewhere
#   docker build --target worker .   grades what is queued in PostgreSQL
#   docker build --target all .      everything on one machine (the last stage, so also the default)

FROM node:22-bookworm-slim AS islands
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json vite.config.ts ./
COPY app/web app/web
RUN npm run build


FROM scratch AS project
WORKDIR /project
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY alembic alembic
COPY app app
COPY sandbox sandbox
COPY problems problems
COPY reference_solutions reference_solutions
COPY --from=islands /build/app/web/static/dist app/web/static/dist


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


FROM base AS service-packages
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements.lock


FROM base AS jail-packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-jail.lock ./
RUN pip install --require-hashes --only-binary=:all: -r requirements-jail.lock


FROM service-packages AS web
COPY --from=project /project ./
RUN pip install --no-deps --no-build-isolation --editable .
USER jaxercise
VOLUME /var/lib/jaxercise
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["jaxercise", "serve"]


FROM jail-packages AS service
COPY --from=project /project ./
RUN pip install --no-deps --no-build-isolation --editable .
USER jaxercise
VOLUME /var/lib/jaxercise


FROM service AS worker
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD ["jaxercise", "doctor"]
CMD ["jaxercise", "worker"]


FROM service AS all
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["jaxercise", "serve"]
