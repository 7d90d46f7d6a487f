import { Controller, Get, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { firstOf, mapped } from '../access/item-stream.js';
import { OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import {
  listNameOf,
  NO_CURSOR,
  pinnedCursor,
  type PinnedPlace,
  pinnedPlaceIn,
} from '../access/pinned-cursor.js';
import { ApiList } from '../access/list.documentation.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import { parameterProblem } from '../access/wrong-parameter.js';
import type { StreamId } from '../domain/identifiers.js';
import { ListRevocationTokens, type RevocationTokenList } from './list-revocation-tokens.query.js';
import { PAGE_ITEMS, selectorOf, tokenListParameters } from './revocation.parameters.js';
import { ApiNoSet, noSet, notOneSelector } from './revocation.problems.js';
import { streamedStateOf } from './revocation-preview.answer.js';
import type { RevocationSet } from './revocation-set.reader.js';
import {
  type RevocationTokenPage,
  revocationTokenPage,
  setTokenAnswerOf,
  setTokenColumns,
} from './revocation-tokens.answer.js';
import type { SetToken, TokenPlace } from './revocation-tokens.reader.js';

type Parameters = z.infer<typeof tokenListParameters>;

/** What the cursors of this list are told from others by. */
const LIST = 'access tokens of a revocation';

const PLACE = /^(family|client_token)\.([0-9a-f]{32})\.(\d{1,15})$/;

/** The access tokens that revocations would end. */
@OperatorDoor({ scope: 'audit:read', tag: 'Administration', security: 'audit' })
@Controller('admin/revocations/preview')
export class RevocationTokensController {
  constructor(private readonly queries: QueryBus) {}

  /** The access tokens in a set, one by one; nothing is ended. */
  @Get('access-tokens')
  @Unstored()
  @ApiOperation({
    summary: 'Which access tokens a revocation would end',
    description:
      'Every access token that the families of the set were ever given up to the position, and its ' +
      'client_credentials tokens. Nothing is ended. `unexpired=true` has those that the `reach` of ' +
      'the preview counts.',
  })
  @ApiList(revocationTokenPage, 'accessTokens', setTokenColumns)
  @ApiNoSet()
  async list(
    @Query({ schema: tokenListParameters }) parameters: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RevocationTokenPage | StreamableFile> {
    void reply.header('vary', 'accept');
    const type = wholeListTypeOf(request);
    const { set, pages } = await this.listOf(parameters);
    const { limit = type === undefined ? PAGE_ITEMS : Infinity } = parameters;
    const asOf = streamedStateOf(set);
    if (type !== undefined) {
      const told = mapped(firstOf(pages, limit), setTokenAnswerOf);
      return wholeListReply(type, { asOf, pages: told }, reply, setTokenColumns);
    }
    const found: SetToken[] = [];
    for await (const page of firstOf(pages, limit + 1)) found.push(...page);
    const tokens = found.slice(0, limit);
    const last = found.length > limit ? tokens.at(-1)?.place : undefined;
    return {
      ...asOf,
      accessTokens: tokens.map((token) => setTokenAnswerOf(token)),
      next: last === undefined ? null : cursorOf(set, last, parameters),
    };
  }

  private async listOf(parameters: Parameters): Promise<RevocationTokenList> {
    const { position, unexpired } = parameters;
    const selector = selectorOf(parameters);
    if (selector === undefined) throw notOneSelector();
    const pinned = pinnedIn(parameters);
    const choice = { isUnexpired: unexpired === 'true', after: pinned?.after ?? null };
    const query = new ListRevocationTokens(selector, pinned?.upTo ?? position, choice);
    const list = await this.queries.execute(query);
    if (list.kind === 'listed') return list;
    if (list.reason === 'unknown_place') throw parameterProblem('cursor', NO_CURSOR);
    throw noSet(list.reason, selector);
  }
}

/** Where the list goes on; undefined: at its beginning. Throws a Problem for a cursor of another list. */
function pinnedIn(
  parameters: Parameters,
): { readonly upTo: PinnedPlace['upTo']; readonly after: TokenPlace } | undefined {
  const { cursor } = parameters;
  if (cursor === undefined) return undefined;
  const place = pinnedPlaceIn(cursor, listNameOf(LIST, parameters));
  const [, kind, id, position] = PLACE.exec(place.after) ?? [];
  if (id === undefined) throw parameterProblem('cursor', NO_CURSOR);
  const streamId = `${kind}:${id}` as StreamId;
  return { upTo: place.upTo, after: { streamId, position: Number(position) } };
}

function cursorOf(
  { position: upTo, foundAt: instant }: RevocationSet,
  { streamId, position }: TokenPlace,
  parameters: Parameters,
): string {
  const after = `${streamId.replace(':', '.')}.${position}`;
  return pinnedCursor({ upTo, instant, isAsked: false, after }, listNameOf(LIST, parameters));
}
