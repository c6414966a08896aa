# syntax=docker/dockerfile:1
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --package server \
    && cp target/release/botcriptofy /usr/local/bin/

FROM debian:bookworm-slim
# The server runs PostgreSQL itself where no DATABASE_URL is given: it needs the programs, not Debian's cluster.
RUN mkdir /etc/postgresql-common \
    && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \
    && apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl postgresql-15 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --uid 10001 --home-dir /data --create-home botcriptofy
COPY --from=build /usr/local/bin/botcriptofy /usr/local/bin/
USER botcriptofy
ENV HOST=0.0.0.0 PORT=3000 BOTCRIPTOFY_DATA_DIR=/data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD curl --fail --silent --show-error "http://127.0.0.1:${PORT}/health/live"
ENTRYPOINT ["botcriptofy"]
CMD ["serve"]
