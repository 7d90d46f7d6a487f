import { OperatorDoor } from '../access/operator-door.decorator.js';

/** A controller of the replay: who comes in needs `replay:run`, and failures are problem details. */
export function ReplayDoor(): ClassDecorator {
  return OperatorDoor({ scope: 'replay:run', tag: 'Replay', security: 'replay' });
}
