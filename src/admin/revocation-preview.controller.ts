import { Controller, Get, Query, Req, Res, type StreamableFile } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { mapped } from '../access/item-stream.js';
import { OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import { ApiList } from '../access/list.documentation.js';
import { listNameOf, pinnedCursor, pinnedPlaceIn } from '../access/pinned-cursor.js';
import { wholeListReply, wholeListTypeOf } from '../access/whole-list.reply.js';
import type { Position } from '../domain/identifiers.js';
import { PreviewRevocation, type RevocationPreview } from './preview-revocation.query.js';
import {
  previewedFamilyColumns,
  previewedFamilyOf,
  revocationPreview,
  type RevocationPreviewAnswer,
  revocationPreviewOf,
  streamedStateOf,
} from './revocation-preview.answer.js';
import { PAGE_ITEMS, previewParameters, selectorOf } from './revocation.parameters.js';
import { ApiNoSet, noSet, notOneSelector } from './revocation.problems.js';

type Parameters = z.infer<typeof previewParameters>;

/** What the cursors of this list are told from others by. */
const LIST = 'families of a revocation';

/** What revocations would end. */
@OperatorDoor({ scope: 'audit:read', tag: 'Administration', security: 'audit' })
@Controller('admin/revocations')
export class RevocationPreviewController {
  constructor(private readonly queries: QueryBus) {}

  /** What a revocation would end; nothing is ended. */
  @Get('preview')
  @Unstored()
  @ApiOperation({
    summary: 'What a revocation of a client, a subject, a signing key or addresses would end',
    description:
      'Every token family that had not ended, to which something happened between `from` and `to` ' +
      'that the selector is about, and every client_credentials token that had not expired. Nothing ' +
      'is ended. The position of the answer says exactly this set to what starts a revocation. As ' +
      'lines it is the families alone.',
  })
  @ApiList(revocationPreview, 'families', previewedFamilyColumns)
  @ApiNoSet()
  async preview(
    @Query({ schema: previewParameters }) parameters: Parameters,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RevocationPreviewAnswer | StreamableFile> {
    void reply.header('vary', 'accept');
    const type = wholeListTypeOf(request);
    const isWhole = type !== undefined;
    const { limit = isWhole ? Infinity : PAGE_ITEMS } = parameters;
    const selector = selectorOf(parameters);
    if (selector === undefined) throw notOneSelector();
    const { position, after } = placeIn(parameters);
    const query = new PreviewRevocation(selector, position, after, limit, isWhole);
    const preview = await this.queries.execute(query);
    if (preview.kind === 'refused') throw noSet(preview.reason, selector);
    if (type === undefined) return revocationPreviewOf(preview, cursorOf(preview, parameters));
    const pages = mapped(preview.pages(), previewedFamilyOf);
    const stream = { asOf: streamedStateOf(preview.set), pages };
    return wholeListReply(type, stream, reply, previewedFamilyColumns);
  }
}

/** Where the list goes on, and of which position. Throws a Problem for a cursor of another list. */
function placeIn(parameters: Parameters): {
  readonly position: Position | undefined;
  readonly after: string | undefined;
} {
  const { cursor, position } = parameters;
  if (cursor === undefined) return { position, after: undefined };
  const { upTo, after } = pinnedPlaceIn(cursor, listNameOf(LIST, parameters));
  return { position: upTo, after };
}

function cursorOf({ set, next: after }: RevocationPreview, parameters: Parameters): string | null {
  if (after === null) return null;
  const { position: upTo, foundAt: instant } = set;
  return pinnedCursor({ upTo, instant, isAsked: false, after }, listNameOf(LIST, parameters));
}
