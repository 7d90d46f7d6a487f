import { type Command, Option } from 'commander';
import { GiveVerdict } from '../audit/give-verdict.command.js';
import type { IncidentVerdict } from '../domain/directory/incident.decider.js';
import { incidentEvents } from '../domain/events/directory.events.js';
import { CommandRefused } from './failure.js';
import { requireId } from './id-argument.js';
import { readNote } from './note-input.js';
import { asOperator, type Operator } from './operator.js';
import { accountRefused } from './refusals.js';
import { printJson, printLines } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly verdict: IncidentVerdict;
  readonly noteStdin?: boolean;
  readonly json?: boolean;
}

const verdicts = incidentEvents.IncidentVerdictGiven.shape.verdict.options;

/** Judges an incident for an operator. */
export function incidentJudgeVerb(): Command {
  return verb({
    name: 'judge',
    summary: 'say what an incident was; the newest verdict counts',
    details: `A note is kept outside the ledger, shown by incident show, and erased with the account that the
incident is about.`,
    examples: [
      'token-ledger incident judge 01939f0a7c1b7d3e8a4f5b6c7d8e9f01 --verdict false_alarm',
      'token-ledger incident judge 01939f0a7c1b7d3e8a4f5b6c7d8e9f01 --verdict theft --note-stdin < note.txt',
    ],
    json: '{ incidentId, verdict, outcome: "given"|"given_before" }',
  })
    .argument('<incident-id>')
    .addOption(
      new Option('--verdict <verdict>', 'what it was').choices(verdicts).makeOptionMandatory(),
    )
    .option('--note-stdin', 'keep what standard input says as a note about it')
    .action((incidentId: string, options: Options) =>
      asOperator((operator) => judge(operator, incidentId, options)),
    );
}

async function judge(operator: Operator, incidentId: string, options: Options): Promise<void> {
  requireId('incident', incidentId);
  const { verdict, noteStdin, json } = options;
  const note = noteStdin === true ? await readNote() : undefined;
  const command = new GiveVerdict(incidentId, verdict, operator.attribution, note);
  const outcome = await operator.execute(command);
  if (outcome === 'no_such_incident') throw new CommandRefused('there is no such incident');
  if (outcome === 'subject_erased') throw accountRefused('account_erased');
  if (json === true) printJson({ incidentId, verdict, outcome });
  else if (outcome === 'given') printLines(`The incident is judged: ${verdict}.`);
  else printLines('The incident was judged so before.');
}
