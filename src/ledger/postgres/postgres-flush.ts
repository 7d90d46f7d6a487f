import type { Instant, StreamId } from '../../domain/identifiers.js';
import type { AnyExecution } from '../append-plan.js';
import { LedgerCorrupted, LedgerError, LedgerUnavailable } from '../ledger.errors.js';
import { recordedTime } from '../recorded-time.js';
import { APPEND, AppendCall, type AppendRow } from './append-call.js';
import { committedUnits } from './committed-units.js';
import { DecisionTurn, type Missing, nameOfHistory } from './decision-turn.js';
import type { HeadMemory } from './head-memory.js';
import { loadHeads, refuseOlder } from './head.reader.js';
import { LoadedLedger } from './loaded-ledger.js';
import { type PostgresConnections, StatementFailure } from './postgres-connection.js';
import { isUndone, postgresErrorOf } from './postgres-errors.js';
import type { PostgresEventReader } from './postgres-event.reader.js';

/** So often a decision is taken again because others were faster. */
const TRIES_MAX = 16;

/** A decision that waits, and how to answer it. */
export interface WaitingDecision {
  readonly execution: AnyExecution;
  readonly resolve: (outcome: never) => void;
  readonly reject: (error: unknown) => void;
}

/** What a flush needs of its ledger. */
export interface FlushContext {
  readonly connections: PostgresConnections;
  readonly history: PostgresEventReader;
  readonly memory: HeadMemory;
  readonly clock: () => Instant;
  /** A decision that threw was answered. */
  readonly deciderFailed: (error: unknown) => void;
  /** So many decisions are taken again because others were faster. */
  readonly conflicted: (decisions: number) => void;
}

/** A decision in a flush, and how often others were faster. */
interface Pending extends WaitingDecision {
  tries: number;
}

type Turn = DecisionTurn<Pending>;

/**
 * Decides on a batch and appends it: what is remembered is tried first, one call appends, and what
 * others have changed since is decided again on what that call found. Nothing is locked while this
 * process thinks.
 */
export class PostgresFlush {
  /** How many events were appended. */
  events = 0;
  private readonly loaded: LoadedLedger;
  private readonly pending = new Set<Pending>();

  constructor(private readonly context: FlushContext) {
    this.loaded = new LoadedLedger(context.memory);
  }

  /** Answers every decision. Throws a LedgerError when the store fails: `unanswered` are left then. */
  async run(batch: readonly WaitingDecision[]): Promise<void> {
    const items = batch.map((item): Pending => ({ ...item, tries: 0 }));
    for (const item of items) this.pending.add(item);
    await this.settle(items);
  }

  /** The decisions that nothing is known to have been written of. */
  get unanswered(): readonly WaitingDecision[] {
    return [...this.pending];
  }

  private async settle(items: readonly Pending[]): Promise<void> {
    let rest = items;
    while (rest.length > 0) {
      const { turn, after } = await this.decide(rest);
      const again = await this.append(turn);
      rest = [...again.filter((item) => !this.isGivenUp(item)), ...after];
    }
  }

  /** Decides, and loads what is missing, until nothing is: deciders are pure. */
  private async decide(
    items: readonly Pending[],
  ): Promise<{ turn: Turn; after: readonly Pending[] }> {
    const { memory, clock } = this.context;
    const own = new Set(items.map(({ execution }) => execution.streamId));
    await this.load([...own].filter((streamId) => !this.loaded.knows(streamId)));
    for (;;) {
      const { ground } = memory;
      if (ground === undefined) throw new Error('nothing was loaded');
      const recordedAt = recordedTime(clock(), ground.lastAppendedAt);
      const turn: Turn = new DecisionTurn(this.loaded.known(ground, recordedAt));
      const after = turn.take(items);
      if (turn.missing.isEmpty) return { turn, after };
      await this.loadMissing(turn.missing);
    }
  }

  private async load(streamIds: readonly StreamId[]): Promise<void> {
    if (streamIds.length === 0 && this.context.memory.ground !== undefined) return;
    const { connections, memory } = this.context;
    this.loaded.add(await loadHeads(connections, memory, streamIds, []));
  }

  private async loadMissing({ streams, keys, histories }: Missing): Promise<void> {
    const { connections, memory, history } = this.context;
    if (streams.size + keys.size > 0) {
      this.loaded.add(await loadHeads(connections, memory, [...streams], [...keys.values()]));
    }
    for (const wanted of histories.values()) {
      const { streamId, head, limit } = wanted;
      const page = await history.streamFeed(streamId, head.lastPosition + 1, limit);
      this.loaded.addHistory(nameOfHistory(wanted), page);
    }
  }

  /** Appends what a turn decided, answers what stands, and returns what is to be decided again. */
  private async append(turn: Turn): Promise<readonly Pending[]> {
    const { connections, memory } = this.context;
    const call = new AppendCall(turn);
    let rows: readonly AppendRow[];
    try {
      rows = await connections.send<AppendRow>(APPEND, call.parameters(memory.size));
    } catch (error) {
      if (error instanceof StatementFailure) return this.failed(turn, call, error);
      throw error;
    }
    const [row] = rows;
    if (row === undefined) throw new LedgerCorrupted('the append has no answer');
    const answer = call.answer(row);
    refuseOlder(answer.ground, turn.ground);
    this.loaded.learn(answer.ground);
    this.loaded.keep(answer.heads, answer.ground.directoryNonce);
    this.loaded.refresh(answer.fresh);
    this.events += answer.events;
    if (answer.events > 0) memory.commit(answer.size);
    return this.answerThose(turn, (unit) => !answer.moved && !answer.stale.has(unit));
  }

  /**
   * After a failure nothing was appended, or nobody said whether anything was: then it is found out
   * before anything is decided again.
   */
  private async failed(
    turn: Turn,
    call: AppendCall<Pending>,
    { reason, backend }: StatementFailure,
  ): Promise<readonly Pending[]> {
    const { connections } = this.context;
    const failure = postgresErrorOf(reason, connections.database);
    if (!(failure instanceof LedgerError)) return this.refused(turn, failure);
    if (backend === undefined || isUndone(reason)) throw failure;
    this.loaded.forget(call.written);
    const found = await committedUnits(connections, backend, call.firstEvents());
    this.events += call.eventsOf(found);
    return this.answerThose(turn, (unit) => found.has(unit));
  }

  /** What one decision makes PostgreSQL refuse takes no other with it: the batch is halved. */
  private async refused(turn: Turn, failure: Error): Promise<readonly Pending[]> {
    const items = turn.decisions.map(({ item }) => item);
    const middle = items.length >> 1;
    if (middle === 0) {
      for (const item of items) this.rejectOne(item, failure);
      return [];
    }
    await this.settle(items.slice(0, middle));
    await this.settle(items.slice(middle));
    return [];
  }

  private answerThose(turn: Turn, stands: (unit: number) => boolean): readonly Pending[] {
    const again: Pending[] = [];
    for (const { item, plan, error, unit } of turn.decisions) {
      if (!stands(unit)) again.push(item);
      else if (plan === undefined) this.rejectOne(item, error);
      else {
        this.pending.delete(item);
        item.resolve(plan.outcome as never);
      }
    }
    this.context.conflicted(again.length);
    return again;
  }

  private isGivenUp(item: Pending): boolean {
    item.tries += 1;
    if (item.tries < TRIES_MAX) return false;
    this.pending.delete(item);
    const message = 'other nodes kept changing what was decided on; try again shortly';
    item.reject(new LedgerUnavailable('ledger_unavailable', message));
    return true;
  }

  private rejectOne(item: Pending, error: unknown): void {
    this.pending.delete(item);
    item.reject(error);
    this.context.deciderFailed(error);
  }
}
