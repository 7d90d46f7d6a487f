import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import fastifyCookie from '@fastify/cookie';
import { AppModule } from '../app.module.js';
import { newUuid } from '../config/random-identifiers.js';
import type { Settings } from '../config/settings.js';
import { FirstStart, type FirstSignIn } from '../directory/first-start.service.js';
import { checkListening, listenErrorOf } from './listening.js';
import { closeResources, openResources } from './resources.js';

/** No request body may be larger, in bytes. */
const BODY_BYTES_MAX = 64 * 1024;

/** A server that answers. */
export interface RunningServer {
  readonly application: NestFastifyApplication;
  /** Of the administrator that this start created. */
  readonly firstSignIn: FirstSignIn | undefined;
  /** Stops listening, finishes what was acknowledged, and closes everything. */
  readonly close: () => Promise<void>;
}

/** Is told of the first administrator's sign-in the moment it exists: it cannot be had again. */
export type OnFirstSignIn = (signIn: FirstSignIn, application: NestFastifyApplication) => void;

/** Opens everything, completes the first start and listens. Throws an error of one clear line. */
export async function startServer(
  settings: Settings,
  onFirstSignIn?: OnFirstSignIn,
): Promise<RunningServer> {
  await checkListening(settings);
  const resources = await openResources(settings, 'server');
  let application: NestFastifyApplication | undefined;
  const close = async (): Promise<void> => {
    try {
      await application?.close();
    } finally {
      await closeResources(resources);
    }
  };
  try {
    application = await NestFactory.create<NestFastifyApplication>(
      AppModule.of(resources),
      fastifyAdapter(settings),
      { bodyParser: false, abortOnError: false },
    );
    await application.register(fastifyCookie);
    await application.init();
    const firstSignIn = await application.get(FirstStart).complete();
    if (firstSignIn !== undefined) onFirstSignIn?.(firstSignIn, application);
    await application.listen(settings.port, settings.host);
    return { application, firstSignIn, close };
  } catch (error) {
    await close();
    throw listenErrorOf(error, settings);
  }
}

function fastifyAdapter(settings: Settings): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    genReqId: () => newUuid(),
    routerOptions: { maxParamLength: 200 },
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  fastify.decorateRequest('receivedAt');
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.receivedAt = Date.now();
    done();
  });
  return adapter;
}
