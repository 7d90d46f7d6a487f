/** The injection token of the `MasterKeys`. */
export const MASTER_KEYS = Symbol('MASTER_KEYS');
