import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse } from '../access/api-description.js';
import type { z } from 'zod';
import { OperatorDoor, Unstored } from '../access/operator-door.decorator.js';
import { PreviewRevocation } from './preview-revocation.query.js';
import {
  revocationPreview,
  type RevocationPreviewAnswer,
  revocationPreviewOf,
} from './revocation.answer.js';
import { PAGE_ITEMS, previewParameters, selectorOf } from './revocation.parameters.js';
import { ApiNoSet, noSet, notOneSelector } from './revocation.problems.js';

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
      'is ended. The position of the answer says exactly this set to what starts a revocation.',
  })
  @ApiResponse({ status: 200, description: 'The set.', standardSchema: revocationPreview })
  @ApiNoSet()
  async preview(
    @Query({ schema: previewParameters }) parameters: z.infer<typeof previewParameters>,
  ): Promise<RevocationPreviewAnswer> {
    const { position, after, limit = PAGE_ITEMS } = parameters;
    const selector = selectorOf(parameters);
    if (selector === undefined) throw notOneSelector();
    const query = new PreviewRevocation(selector, position, after, limit);
    const preview = await this.queries.execute(query);
    if (preview.kind === 'refused') throw noSet(preview.reason, selector);
    return revocationPreviewOf(preview);
  }
}
