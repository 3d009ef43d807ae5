# weft on Debian 13 (glibc 2.41: the Node 24 build of uWebSockets.js needs 2.38; Alpine cannot load it).
# scripts/try-image.sh builds and starts this file without a container engine.

# Node 24.21.0 for all platforms, by the digest of the index. docs/supply-chain.md says how to move on.
ARG NODE_IMAGE=node:24.21.0-trixie-slim@sha256:8ec5d7557396cfe32d21c3f9c13072355ceab22b584578ca4bb28af31120cffe

FROM ${NODE_IMAGE} AS build
WORKDIR /weft
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/ scripts/
COPY src/ src/
COPY workers/ workers/
RUN node scripts/build.mjs product

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /weft
COPY package.json package-lock.json .npmrc ./
COPY scripts/prune-native.mjs scripts/
# The native builds of all other platforms (257 MB) go here, so that no layer of the image holds them.
RUN npm ci --omit=dev --ignore-scripts && node scripts/prune-native.mjs

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="weft" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /weft
COPY package.json LICENSE ./
COPY --from=dependencies /weft/node_modules/ node_modules/
COPY --from=build /weft/dist/ dist/

# NODE_OPTIONS: V8 would otherwise size its heap by the container's limit (about half of it), and
# the snapshots and cached bodies are outside that heap. 512 MB is a cap, not a reservation. V8 applies
# it to every worker thread as well, above the thread's resourceLimits, unless the flag is reset to 0
# after the start. The container's limit must hold 1.3 x (heap + workers x heap + 3 x the snapshot).
# METRICS_SERVER_HOST: the loopback of a container is reachable by nobody. So whoever starts it says who
# may read: TOKENS_FILE, or INSECURE=true where the port is published to nobody else.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-old-space-size=512 \
    METRICS_SERVER_HOST=0.0.0.0
EXPOSE 8080

# Nothing is written: the root may be read-only, and this user owns no file.
USER 65532:65532
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "require(process.env.TLS_CERT ? 'https' : 'http').get({ host: '127.0.0.1', port: process.env.METRICS_SERVER_PORT || 8080, path: '/health/ready', rejectUnauthorized: false }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/src/main.js", "serve"]
