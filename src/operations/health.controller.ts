import { Controller, Get, Header, Res, UseFilters } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../access/api-description.js';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  PROBLEM_MEDIA_TYPE,
  type ProblemDetails,
  ProblemDetailsFilter,
} from '../access/problem-details.js';
import { Readiness } from './readiness.service.js';

const healthAnswer = z
  .object({ status: z.literal('ok') })
  .meta({ id: 'Health', examples: [{ status: 'ok' }] });
type HealthAnswer = z.infer<typeof healthAnswer>;

/** Tells whoever runs the server how it is. */
@ApiTags('Operation')
@Controller('health')
@UseFilters(ProblemDetailsFilter)
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** Whether the process is up; if not, restart it. */
  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Whether the process is up', description: 'If not, restart it.' })
  @ApiResponse({ status: 200, description: 'It is.', standardSchema: healthAnswer })
  live(): HealthAnswer {
    return { status: 'ok' };
  }

  /** Whether the server should get requests: its ledger can be read and written. */
  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Whether the server should get requests',
    description: 'Its ledger can be read and written, and it is not shutting down.',
  })
  @ApiResponse({ status: 200, description: 'It should.', standardSchema: healthAnswer })
  @ApiResponse({
    status: 503,
    description: 'It should not; `detail` says why.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthAnswer | ProblemDetails> {
    const unreadiness = await this.readiness.unreadiness();
    if (unreadiness === undefined) return { status: 'ok' };
    const { detail, waitSeconds } = unreadiness;
    void reply.status(503).type(PROBLEM_MEDIA_TYPE).header('retry-after', String(waitSeconds));
    return { type: 'about:blank', status: 503, title: 'Service Unavailable', detail };
  }
}
