# syntax=docker/dockerfile:1

# Built on the machine's own architecture: the engine and its extension are binaries of it.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package needs its install script, because binaries are separate packages. Node itself is already here.
RUN npm ci --ignore-scripts && mkdir -p node_modules/node/bin && ln -s "$(command -v node)" node_modules/node/bin/node
COPY tsconfig.json tsconfig.build.json schema.graphql README.md CONTRIBUTING.md CHANGELOG.md ./
COPY docs ./docs
COPY scripts ./scripts
COPY src ./src
# The last step brings DuckDB's signed extension, so that a container that starts fetches nothing.
RUN mkdir home cache && node scripts/build.mjs && npm prune --omit=dev --ignore-scripts && HOME=/build/home node dist/engines/duckdb/processes/install/install.js spatial httpfs

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    GEODUCK_HOST=0.0.0.0 \
    GEODUCK_PORT=4000 \
    GEODUCK_LOG_PRETTY=false \
    XDG_CACHE_HOME=/cache
WORKDIR /app
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=build /build/package.json /build/schema.graphql ./
COPY --from=build --chown=1000:1000 /build/home/.duckdb /home/node/.duckdb
# Prepared copies and the cursor secret: a volume keeps them for the next container.
COPY --from=build --chown=1000:1000 /build/cache /cache
VOLUME /cache
# The image's own user `node`.
USER 1000:1000
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.GEODUCK_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Other machines are served with a token only: give GEODUCK_TOKEN, or say GEODUCK_ALLOW_ANONYMOUS=true.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["/data"]
