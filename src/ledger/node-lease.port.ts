/** Work that one node of several does at a time. */
export interface NodeLease {
  /** Takes the lease, or keeps it. False: another node has it. Throws a LedgerError. */
  hold(): Promise<boolean>;
  /** Lets another node have it at once. */
  release(): Promise<void>;
}
