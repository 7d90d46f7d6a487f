import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../access/api-description.js';
import type { FastifyReply } from 'fastify';
import { ServiceMetrics } from './service-metrics.js';

const example = `# HELP token_ledger_rotations_total Refresh tokens that got a successor.
# TYPE token_ledger_rotations_total counter
token_ledger_rotations_total 3
`;

/** Lets Prometheus read what the service counts. */
@ApiTags('Operation')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: ServiceMetrics) {}

  /** What the service counts. */
  @Get()
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'What the service counts, as Prometheus reads it' })
  @ApiResponse({
    status: 200,
    description: 'Prometheus text.',
    content: { 'text/plain': { schema: { type: 'string' }, example } },
  })
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { mediaType, body } = await this.metrics.text();
    void reply.type(mediaType);
    return body;
  }
}
