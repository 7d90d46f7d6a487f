import { isNativeError } from 'node:util/types';
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { LogOutput } from './log-output.js';

/** What a secret looks like, wherever in a line it stands. Lines are rare: none is on the hot path. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/\btl[a-z]_[\w-]{16,}/g, '[token]'],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*){0,3}/g, '[jwt]'],
  [/\b(Bearer|Basic|DPoP)\s+[\w~+/.=-]{8,}/gi, '$1 [redacted]'],
  [
    /\b(code|code_verifier|password|token|[a-z_]*(?:_token|_secret|_hint|assertion))=[^&\s"\\]+/gi,
    '$1=[redacted]',
  ],
  [
    /("(?:authorization|cookie|set-cookie|code_verifier|codeVerifier|[a-z_]*(?:password|secret|token)[a-z_]*)":)"(?:[^"\\]|\\.)*"/gi,
    '$1"[redacted]"',
  ],
];

/** A line of the log with everything blacked out that looks like a secret. */
export function withoutSecrets(line: string): string {
  return secrets.reduce((text, [pattern, stand]) => text.replace(pattern, stand), line);
}

const CAUSES_MAX = 3;

/** An error as it is logged: what it carries besides could hold what a caller sent. */
function errorFacts(error: unknown, depth = 0): unknown {
  if (!isNativeError(error)) return typeof error === 'object' ? '[object]' : error;
  const { code } = error as { readonly code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth === CAUSES_MAX
      ? {}
      : { cause: errorFacts(error.cause, depth + 1) }),
  };
}

interface LoggedRequest {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly routeOptions?: { readonly url?: string | undefined } | undefined;
}

/** A request as it is logged: the route as it was declared, never the URL, headers or body. */
function requestFacts({ id, method, routeOptions }: LoggedRequest): object {
  return { id, method, route: routeOptions?.url };
}

/**
 * The one log of a process: a JSON object a line, on standard output unless told otherwise. Nothing is
 * logged of what a caller sent, and what looks like a secret all the same is blacked out.
 */
export function createServiceLog(
  level: string,
  destination: DestinationStream = new LogOutput(process.stdout),
): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: {
      err: (error: unknown) => errorFacts(error),
      error: (error: unknown) => errorFacts(error),
      req: requestFacts,
      res: ({ statusCode }: { readonly statusCode?: unknown }) => ({ status: statusCode }),
    },
    hooks: { streamWrite: withoutSecrets },
  };
  return pino(options, destination);
}
