import { isNativeError } from 'node:util/types';
import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

/** What Nest tells while it starts: of no interest unless something is wrong. */
const CHATTER = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Writes what Nest and the services log to the one log of the process. */
export class NestLogAdapter implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...more: unknown[]): void {
    this.write('info', message, more);
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.write('fatal', message, more);
  }

  error(message: unknown, ...more: unknown[]): void {
    this.write('error', message, more);
  }

  warn(message: unknown, ...more: unknown[]): void {
    this.write('warn', message, more);
  }

  debug(message: unknown, ...more: unknown[]): void {
    this.write('debug', message, more);
  }

  verbose(message: unknown, ...more: unknown[]): void {
    this.write('trace', message, more);
  }

  /** Nest passes the context last, and a stack or an error before it. */
  private write(level: Level, message: unknown, more: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const last = more.at(-1);
    const context = typeof last === 'string' ? last : undefined;
    const isChatter = level === 'info' || level === 'debug' || level === 'trace';
    if (isChatter && context !== undefined && CHATTER.has(context)) return;
    const err = [message, ...more].find(isNativeError);
    const facts = { context, ...membersOf(message), ...(err === undefined ? {} : { err }) };
    this.pino[level](facts, textOf(message));
  }
}

function membersOf(message: unknown): object {
  const isRecord = typeof message === 'object' && message !== null && !isNativeError(message);
  return isRecord ? message : {};
}

function textOf(message: unknown): string | undefined {
  if (isNativeError(message)) return message.message;
  return typeof message === 'string' ? message : undefined;
}
