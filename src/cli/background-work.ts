import {
  followLedger,
  type ViewsOrder,
  type ViewsPlace,
  type ViewsReport,
} from './views-thread.js';
import { sealLedger, type SealingReport, type SealingWork } from './sealer-thread.js';

/** What runs beside the requests: what it is given, what it is told, and what it says. */
export interface BackgroundWork {
  readonly views: {
    readonly work: ViewsPlace;
    readonly order: ViewsOrder;
    readonly report: ViewsReport;
  };
  readonly sealing: {
    readonly work: SealingWork;
    readonly order: never;
    readonly report: SealingReport;
  };
}

/** The name of a part of it. */
export type PartName = keyof BackgroundWork;

/** A part that runs until it is stopped. */
export interface RunningPart<Name extends PartName> {
  tell(order: BackgroundWork[Name]['order']): void;
  stop(): Promise<void>;
}

/** How each part is begun, in whatever thread. Rejected with a LedgerError when it cannot be. */
export const beginPart: {
  readonly [Name in PartName]: (
    work: BackgroundWork[Name]['work'],
    report: (report: BackgroundWork[Name]['report']) => void,
  ) => Promise<RunningPart<Name>>;
} = {
  views: async (place, report) => {
    const follower = await followLedger(place, report);
    return {
      tell: (order) => {
        if (order === 'wake') follower.wake();
        else follower.distrust(order.damaged);
      },
      stop: () => follower.stop(),
    };
  },
  sealing: async (work, report) => {
    const sealing = await sealLedger(work, report);
    return { tell: () => undefined, stop: () => sealing.stop() };
  },
};
