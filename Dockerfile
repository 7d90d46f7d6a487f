# Builds where the native modules can be compiled, and runs without what that takes.
FROM node:26-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Not `npm ci`, which refuses a lock that lacks the binaries of some platforms, as this one does.
RUN npm install --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:26-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 \
  TOKEN_LEDGER_DATA_DIR=/var/lib/token-ledger/data \
  TOKEN_LEDGER_MASTER_KEY_FILE=/var/lib/token-ledger/keys/master.key
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN ln -s /app/dist/cli.js /usr/local/bin/token-ledger && mkdir -p /var/lib/token-ledger && chown node:node /var/lib/token-ledger
USER node
VOLUME /var/lib/token-ledger
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
