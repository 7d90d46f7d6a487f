import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule } from '../app.module.js';
import type { Settings } from '../config/settings.js';
import { FirstStart, type FirstSignIn } from '../directory/first-start.service.js';
import { serveDocumentation } from '../operations/documentation.page.js';
import { NestLogAdapter } from '../operations/nest-log.adapter.js';
import { Readiness } from '../operations/readiness.service.js';
import { createServiceLog } from '../operations/service-log.js';
import type { MetricSources } from '../operations/service-metrics.js';
import { ServiceWatch } from '../operations/service-watch.js';
import { BackgroundThread } from './background-thread.js';
import { Connections } from './connections.js';
import { fastifyAdapter } from './fastify.adapter.js';
import { beginSealing, type LedgerSealing, sealedOf } from './ledger-sealing.js';
import { inStartTurnOf } from './ledger-place.js';
import { checkListening, listenErrorOf } from './listening.js';
import { joinNodes, type NodeMembership } from './node-membership.js';
import { closeStores, openResources, type Resources } from './resources.js';
import { addressOf, publishAddress, withdrawAddress } from './server-address.js';
import { SigningThread } from './signing-thread.js';
import { ViewsFollowing } from './views-following.js';
import { viewsEvents, viewsLagEvents, viewsLagSeconds } from './views-lag.js';
import { viewsPlaceOf } from './views-thread.js';

/** A server that answers. */
export interface RunningServer {
  readonly application: NestFastifyApplication;
  /** Of the administrator that this start created. */
  readonly firstSignIn: FirstSignIn | undefined;
  /** The one log of the server. */
  readonly log: Logger;
  /** Fulfilled when the ledger was found to contradict itself: the process must stop. */
  readonly corrupted: Promise<unknown>;
  /** Stops listening, finishes what was acknowledged, and closes everything. */
  readonly close: () => Promise<void>;
  /** Breaks off the requests that `close` waits for. */
  readonly cut: () => void;
}

/** What the one who starts a server wants to know on the way. */
export interface StartOptions {
  /** Told the first administrator's sign-in the moment it exists: it cannot be had again. */
  readonly onFirstSignIn?: (signIn: FirstSignIn, application: NestFastifyApplication) => void;
  /** Given the server before it listens: from now on it can be closed in order. */
  readonly onOpened?: (server: RunningServer) => void;
  readonly log?: Logger;
}

/** Opens everything, completes the first start and listens. Throws an error of one clear line. */
export async function startServer(
  settings: Settings,
  { onFirstSignIn, onOpened, log = createServiceLog(settings.logLevel) }: StartOptions = {},
): Promise<RunningServer> {
  await checkListening(settings);
  if (isPlainHttp(settings.issuer)) {
    log.warn(`the issuer ${settings.issuer} is plain http: whoever is on the way can read tokens`);
  }
  const watch = new ServiceWatch();
  const resources = await openResources(settings, 'server', watch);
  watch.metrics.watch(metricSources(resources));
  const thread = new BackgroundThread();
  const { fixedAt } = resources.views;
  const views = fixedAt === undefined ? followingOf(thread, resources, watch, log) : undefined;
  if (fixedAt !== undefined) {
    const { viewsFile } = settings;
    log.warn({ viewsFile, position: fixedAt }, 'audit reads show one past state of the ledger');
  }
  const signing = SigningThread.where((error) => {
    log.warn({ err: error }, 'the signing thread is gone: signatures are made without it');
  });
  const connections = new Connections();
  let application: NestFastifyApplication | undefined;
  let sealing: LedgerSealing | undefined;
  let membership: NodeMembership | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closing ??= closeServer({ application, signing, views, sealing, membership, resources }));
  try {
    membership = await joinNodes(resources, log);
    application = await NestFactory.create<NestFastifyApplication>(
      AppModule.of(resources, watch, signing),
      fastifyAdapter(settings, log, connections),
      { bodyParser: false, abortOnError: false, logger: new NestLogAdapter(log) },
    );
    serveDocumentation(application, settings);
    await application.init();
    const firstStart = application.get(FirstStart);
    const firstSignIn = await inStartTurnOf(settings, async () => {
      sealing = await beginSealing(thread, resources, watch, log);
      return firstStart.complete();
    });
    if (firstSignIn !== undefined) onFirstSignIn?.(firstSignIn, application);
    const cut = (): void => connections.cut();
    const { corrupted } = watch;
    const server = { application, firstSignIn, log, corrupted, close, cut };
    onOpened?.(server);
    await application.listen(settings.port, settings.host);
    // Not before: their thread would take the first answer's processor.
    views?.start();
    const { port } = application.getHttpServer().address() as AddressInfo;
    publishAddress(settings.dataDirectory, addressOf(settings, port));
    return server;
  } catch (error) {
    await close();
    throw listenErrorOf(error, settings);
  }
}

const LOOPBACK_HOST = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Whether an issuer's tokens pass a network without encryption. */
function isPlainHttp(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'http:' && !LOOPBACK_HOST.test(hostname);
}

/** The server's views. What goes wrong with them is logged, and stops nothing. */
function followingOf(
  thread: BackgroundThread,
  resources: Resources,
  watch: ServiceWatch,
  log: Logger,
): ViewsFollowing {
  const place = viewsPlaceOf(resources.settings);
  const views = new ViewsFollowing(thread, place, resources.views, {
    onFailure: (error, code) => {
      if (code === 'ledger_corrupted') watch.failed(code, error);
      log.warn({ err: error }, 'the views are late: they could not follow the ledger');
    },
    onFirst: () => log.info('the views are built from the ledger'),
    onFault: (fault) => log.warn({ fault }, 'the views cannot be used: they are built anew'),
  });
  watch.whenFlushed(() => views.wake());
  return views;
}

interface Opened {
  readonly application: NestFastifyApplication | undefined;
  readonly signing: SigningThread | undefined;
  readonly views: ViewsFollowing | undefined;
  readonly sealing: LedgerSealing | undefined;
  readonly membership: NodeMembership | undefined;
  readonly resources: Resources;
}

/** Requests first, then the ledger: what a request was told to be done is written by then. */
async function closeServer(opened: Opened): Promise<void> {
  const { application, resources } = opened;
  application?.get(Readiness, { strict: false }).shutDown();
  try {
    await application?.close();
  } finally {
    try {
      await closeParts(opened);
    } finally {
      // Not before: another server on this data directory would seal beside this one.
      resources.release();
    }
  }
}

async function closeParts(opened: Opened): Promise<void> {
  const { signing, views, sealing, membership, resources } = opened;
  await signing?.stop();
  await views?.stop();
  withdrawAddress(resources.settings.dataDirectory);
  try {
    await closeStores(resources);
  } finally {
    await sealing?.stop();
    await membership?.leave();
  }
}

function metricSources({ ledger, sealReads, views }: Resources): MetricSources {
  return {
    waiting: () => ledger.waiting,
    conflicts: () => ledger.conflicts,
    sizeEvents: () => ledger.size(),
    sizeBytes: () => ledger.sizeBytes(),
    sealed: () => sealedOf(sealReads),
    viewsEvents: () => viewsEvents(views),
    viewsLagEvents: () => viewsLagEvents(ledger, views),
    viewsLagSeconds: () => viewsLagSeconds(ledger, views),
  };
}
