import { setImmediate } from 'node:timers/promises';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { type AccountRefused, decideEraseAccount } from '../domain/directory/account.decider.js';
import {
  DEFAULT_PROJECT,
  type Position,
  type ProjectId,
  type StreamId,
  streamIdOf,
  type Subject,
} from '../domain/identifiers.js';
import { type Attribution, Ledger } from '../ledger/ledger.port.js';
import { Vault } from '../vault/vault.port.js';

/** So many events are looked at in one go; between two goes others have their turn. */
const EVENTS_AT_ONCE = 500;

/**
 * Of an erased account. `isSettled`: nothing is left beside the tables of ledger and vault either; where
 * that is false, others held a file, and asking again completes it. `position` is after the erasure.
 */
export interface AccountErasure {
  readonly kind: 'erased' | 'already_erased';
  readonly isSettled: boolean;
  readonly position: Position;
}

/** How an erasure went. */
export type EraseAccountOutcome = AccountErasure | AccountRefused;

/** Forget who somebody is: profile, password, and where they and others came from. For good. */
export class EraseAccount extends Command<EraseAccountOutcome> {
  constructor(
    readonly subject: Subject,
    readonly attribution: Attribution,
    readonly project: ProjectId = DEFAULT_PROJECT,
  ) {
    super();
  }
}

/** Erases an account. What a crash cut short is completed when it is asked for again. */
@CommandHandler(EraseAccount)
export class EraseAccountHandler implements ICommandHandler<EraseAccount> {
  constructor(
    private readonly ledger: Ledger,
    private readonly vault: Vault,
  ) {}

  /**
   * The event comes first: from its commit on, nothing personal can be added to what is being erased.
   * Refusals are values.
   */
  async execute({ subject, attribution, project }: EraseAccount): Promise<EraseAccountOutcome> {
    const outcome = await this.ledger.execute<'account', RecordedErasure>({
      kind: 'account',
      streamId: streamIdOf('account', subject),
      project,
      attribution,
      decide: ({ state }) => decideEraseAccount(state),
    });
    if (outcome.kind === 'refused') return outcome;
    const isForgotten = await this.vault.erase(subject);
    const position = await this.ledger.size();
    await this.eraseOrigins(subject, position);
    const isSettled = (await this.ledger.settleErasure()) && isForgotten;
    return { kind: outcome.kind, isSettled, position };
  }

  /** Of all events of this person's streams, and of what they did to others'. */
  private async eraseOrigins(subject: Subject, end: Position): Promise<void> {
    const owned = await this.streamsOf(subject);
    const actor = `account:${subject}`;
    let after: Position | null = null;
    do {
      const page: Awaited<ReturnType<Ledger['eventsAfter']>> = await this.ledger.eventsAfter(
        after,
        EVENTS_AT_ONCE,
      );
      const own = page.events.filter((event) => event.actor === actor || owned.has(event.streamId));
      if (own.length > 0) await this.ledger.eraseOrigins(own.map(({ position }) => position));
      after = page.next;
      await setImmediate();
    } while (after !== null && after < end);
  }

  private async streamsOf(subject: Subject): Promise<ReadonlySet<StreamId>> {
    const found = new Set<StreamId>();
    let after: StreamId | null = null;
    do {
      const page: Awaited<ReturnType<Ledger['streamsOwnedBy']>> = await this.ledger.streamsOwnedBy(
        subject,
        after,
      );
      for (const streamId of page.streamIds) found.add(streamId);
      after = page.next;
      await setImmediate();
    } while (after !== null);
    return found;
  }
}

type RecordedErasure = { readonly kind: 'erased' | 'already_erased' } | AccountRefused;
