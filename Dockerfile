# The ledger in a container: the sources as they are, run by Node, with what they need in production and nothing else.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No install script of a package runs: none of these needs one.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim AS pages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY src ./src
COPY projections ./projections
RUN npm run build:pages

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
COPY projections ./projections
COPY --from=pages /app/dist/pages ./dist/pages
# A named volume that is mounted here takes over this owner.
RUN mkdir /data && chown node:node /data
USER node
ENV RUN_LEDGER_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: SIGTERM reaches the program itself, which answers what is under way and ends.
ENTRYPOINT ["node", "src/main.ts"]
# Inside a container loopback is the container's own, so it listens on all addresses, and asks for keys. It starts once there is
# one: `docker run --rm -v ledger:/data run-ledger keys issue --name root --role admin`. Credentials cross the network between
# the port and whoever uses it in the clear: publish it on loopback alone, `docker run -p 127.0.0.1:8080:8080 …`, or put a
# proxy with TLS before it.
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--insecure-http"]
