# Builds where the native modules can be compiled, and runs without what that takes.
FROM node:20-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 \
  TOKEN_LEDGER_DATA_DIR=/var/lib/token-ledger/data \
  TOKEN_LEDGER_MASTER_KEY_FILE=/var/lib/token-ledger/keys/master.key
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN mkdir -p /var/lib/token-ledger && chown node:node /var/lib/token-ledger
USER node
VOLUME /var/lib/token-ledger
EXPOSE 3000
CMD ["node", "dist/main.js"]
