import {
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Inject,
  Injectable,
  Param,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiOperation, ApiResponse, ApiSecurity, ApiTags } from '../access/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessTokenStatuses } from '../access/access-token-status.js';
import { BearerGuard, RequireScopes } from '../access/bearer.guard.js';
import { FailureLimits } from '../access/failure-limits.js';
import { Problem, ProblemDetailsFilter } from '../access/problem-details.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.tokens.js';
import { Seals } from '../ledger/seals.port.js';
import { acceptsGzip, gzipped } from './gzip-encoding.js';

/** Lets everybody through where the settings say so, and otherwise who may read the audit. */
@Injectable()
export class CheckpointGuard extends BearerGuard {
  constructor(
    reflector: Reflector,
    statuses: AccessTokenStatuses,
    limits: FailureLimits,
    @Inject(SETTINGS) private readonly published: Pick<Settings, 'issuer' | 'publicCheckpoints'>,
  ) {
    super(reflector, statuses, limits, published);
  }

  /** True, or a Problem as the bearer guard has it. */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    return this.published.publicCheckpoints || super.canActivate(context);
  }
}

const OCTETS = 'application/octet-stream';

function ApiOctets(description: string): MethodDecorator {
  const content = { [OCTETS]: { schema: { type: 'string', format: 'binary' } } };
  return ApiResponse({ status: 200, description, content });
}

function ApiProblem(status: number, description: string): MethodDecorator & ClassDecorator {
  const schema = { $ref: '#/components/schemas/Problem' };
  return ApiResponse({
    status,
    description,
    content: { 'application/problem+json': { schema } },
  });
}

/** The tamper evidence of the ledger, as C2SP tlog-tiles has it. */
@Controller('ledger/0')
@RequireScopes('audit:read')
@UseFilters(ProblemDetailsFilter)
@ApiTags('Ledger')
@ApiSecurity('audit', ['audit:read'])
@ApiProblem(401, 'Unauthorized')
@ApiProblem(403, 'Forbidden')
@ApiProblem(404, 'Nothing of that name was sealed.')
export class SealsController {
  constructor(
    private readonly seals: Seals,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'publicCheckpoints'>,
  ) {}

  /** The newest checkpoint. */
  @Get('checkpoint')
  @UseGuards(CheckpointGuard)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'The newest checkpoint of the ledger',
    description:
      'The signed head of the Merkle tree over all events (C2SP tlog-checkpoint). Needs no token ' +
      'where `TOKEN_LEDGER_PUBLIC_CHECKPOINTS` is true, and so do hash tiles.',
  })
  @ApiResponse({
    status: 200,
    description: 'A signed note: origin, size, root, signature.',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  async checkpoint(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const latest = await this.seals.latest();
    if (latest === undefined) throw notFound();
    void reply.type('text/plain; charset=utf-8');
    return latest.note;
  }

  /** A bundle of events. */
  @Get('tile/entries/*')
  @UseGuards(BearerGuard)
  @ApiOperation({
    summary: 'Up to 256 events, as they are hashed',
    description:
      'An entry bundle (C2SP tlog-tiles): the canonical body of each event after its length in ' +
      '16 bits. The path ends in the index in groups of three digits, `x001/x234/067`, and `.p/<W>` ' +
      'for the first W of a bundle. Compressed for who sends `Accept-Encoding: gzip`.',
  })
  @ApiOctets('The bodies, each after its length.')
  async entries(
    @Param('*') place: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    void reply.header('vary', 'accept-encoding');
    const bytes = await this.octets(`tile/entries/${place}`, reply, 'private');
    if (!acceptsGzip(request.headers['accept-encoding'])) return void reply.send(bytes);
    // Bodies are text and much alike; hashes would only grow.
    void reply.header('content-encoding', 'gzip').send(await gzipped(bytes));
  }

  /** A tile of hashes. */
  @Get('tile/:level/*')
  @UseGuards(CheckpointGuard)
  @ApiOperation({
    summary: 'Up to 256 hashes of the Merkle tree',
    description:
      'A tile (C2SP tlog-tiles): hashes of 32 bytes one after the other. The path ends in the index ' +
      'in groups of three digits, and `.p/<W>` for the first W of a tile.',
  })
  @ApiOctets('The hashes.')
  async tile(
    @Param('level') level: string,
    @Param('*') place: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const sharing = this.settings.publicCheckpoints ? 'public' : 'private';
    void reply.send(await this.octets(`tile/${level}/${place}`, reply, sharing));
  }

  /** Also what is full is another tile once an old copy of the ledger was recovered, under the same path. */
  private async octets(
    path: string,
    reply: FastifyReply,
    sharing: 'public' | 'private',
  ): Promise<Buffer> {
    const found = await this.seals.published(path);
    if (found === undefined) throw notFound();
    void reply.type(OCTETS).header('cache-control', `${sharing}, max-age=60`);
    return found.bytes;
  }
}

function notFound(): Problem {
  const detail = 'Nothing of that name was sealed.';
  return new Problem({ status: 404, title: 'Not Found', detail });
}
