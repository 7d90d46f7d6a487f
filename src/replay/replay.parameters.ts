import { strictParameters, streamParameter } from '../access/ledger-parameters.js';
import { momentParameter } from '../access/moment.js';

/** The parameters of a state: which stream, and when; now when that is not said. */
export const stateParameters = strictParameters({
  stream: streamParameter,
  at: momentParameter.optional().meta({
    description: 'A time (RFC 3339) that is not yet to come, or a position; now when absent.',
  }),
});

/** The parameters of a difference: which stream, and between which moments. */
export const differenceParameters = strictParameters({
  stream: streamParameter,
  from: momentParameter.meta({ description: 'A time (RFC 3339) or a position.', example: '1200' }),
  to: momentParameter.optional().meta({
    description: 'A time (RFC 3339) that is not yet to come, or a position; now when absent.',
  }),
});
