/**
 * The whole story in a terminal, against a throw-away server: sign-in, three refreshes, a lost
 * response, twenty at once, a thief, and what an investigation makes of it. `npm run demo`.
 */
import { investigate } from './investigation.js';
import { startThrowAwayServer } from './server.js';
import {
  later,
  LOST_ANSWER_MILLISECONDS,
  PHONE,
  refresh,
  refusal,
  registerShop,
  signIn,
  speakingAs,
  THIEF,
  userInfo,
} from './shop.js';
import { chapter, fact, note } from './terminal.js';

const RETRY_WINDOW_SECONDS = 2;

const startedAt = performance.now();
const server = await startThrowAwayServer({ retryWindowSeconds: RETRY_WINDOW_SECONDS });
try {
  const theft = await tellTheft(server);
  await investigate(server, theft);
  note(`Told in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
} finally {
  await server.end();
}

/** Answers with what was stolen and what the owner held last. */
async function tellTheft(server) {
  chapter('A person signs in');
  const shop = await registerShop(server);
  const phone = speakingAs(shop, PHONE);
  const first = await signIn(phone, server);
  fact('tokens', `access for ${first.expires_in} s, refresh for ${days(first)} days, ID token`);

  chapter('Three refreshes');
  let current = first;
  for (let turn = 1; turn <= 3; turn += 1) {
    current = await refresh(phone, current);
    fact(`refresh ${turn}`, `generation ${turn}: ${short(current.refresh_token)}`);
  }

  chapter('A response is lost, and the client tries again');
  const lost = await refresh(phone, current);
  await later(LOST_ANSWER_MILLISECONDS);
  const again = await refresh(phone, current);
  fact('lost', short(lost.refresh_token));
  fact('retry', `${short(again.refresh_token)} ${same(lost, again)}`);

  chapter('Twenty tabs refresh the same token at once');
  const tabs = await Promise.all(Array.from({ length: 20 }, () => refresh(phone, again)));
  const successors = new Set(tabs.map((tab) => tab.refresh_token));
  fact('answers', `${tabs.length} of 20 succeeded, ${successors.size} distinct refresh token`);
  if (successors.size !== 1) throw new Error('twenty concurrent refreshes had several successors');

  chapter('A thief replays the very first refresh token');
  await later(RETRY_WINDOW_SECONDS * 1000 + 100);
  const thief = speakingAs(shop, THIEF);
  fact('thief', `refused: ${await refusal(() => refresh(thief, first))}`);

  chapter('The family is dead, for both of them');
  const [tab] = tabs;
  fact('refresh', `refused: ${await refusal(() => refresh(phone, tab))}`);
  fact('userinfo', `refused: ${await refusal(() => userInfo(phone, tab))}`);
  return { stolen: first.refresh_token, owned: tab };
}

function same(one, other) {
  if (one.refresh_token !== other.refresh_token) throw new Error('a retry got another successor');
  return '(the same successor)';
}

function short(token) {
  return `${token.slice(0, 8)}…${token.slice(-8)}`;
}

function days(tokens) {
  return Math.floor(tokens.refresh_token_expires_in / 86_400);
}
