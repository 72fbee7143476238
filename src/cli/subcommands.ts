/** The subcommands, in the order in which the help lists them. */
import type { Subcommand } from './subcommand.ts'

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    usage: 'serve',
    description: 'Serve the HTTP API. Prints its address as its first line.',
    load: async () => (await import('./commands/serve.ts')).declareServe,
  },
  {
    usage: 'project',
    description: 'Project the log into the read model, without serving: for scaling apart from `serve --no-projector`.',
    load: async () => (await import('./commands/project.ts')).declareProject,
  },
  {
    usage: 'import <file>',
    description: 'Import commands, one a line (NDJSON, plain or gzip). Safe to repeat: nothing is stored twice.',
    load: async () => (await import('./commands/import.ts')).declareImport,
  },
  {
    usage: 'export',
    description: 'Write the ledger, or its audit trail, to a file or to standard output.',
    load: async () => (await import('./commands/export.ts')).declareExport,
  },
  {
    usage: 'runs',
    isPaged: true,
    description: 'List runs, get one, now or as it was, its figures, and who set each field.',
    load: async () => (await import('./commands/questions/runs.ts')).declareRuns,
  },
  {
    usage: 'diff <a> <b>',
    isPaged: true,
    description: 'What differs between two runs, or two moments of one, and where their paths part.',
    load: async () => (await import('./commands/questions/diff.ts')).declareDiff,
  },
  {
    usage: 'agreement <a> <b>',
    isPaged: true,
    description: 'Where two policy versions agree about the groups that both have decided.',
    load: async () => (await import('./commands/questions/agreement.ts')).declareAgreement,
  },
  {
    usage: 'groups',
    isPaged: true,
    description: 'Groups of runs with their figures, or the runs of one.',
    load: async () => (await import('./commands/questions/groups.ts')).declareGroups,
  },
  {
    usage: 'policies',
    isPaged: true,
    description: 'Policy versions with figures of their runs.',
    load: async () => (await import('./commands/questions/policies.ts')).declarePolicies,
  },
  {
    usage: 'history <run_id>',
    isPaged: true,
    description: 'The audit trail of one run: who changed what, when and why, oldest first.',
    load: async () => (await import('./commands/history.ts')).declareHistory,
  },
  {
    usage: 'replay <run_id>',
    isPaged: true,
    description: 'Fold a run again, event by event: what each event changed, and the Run after it.',
    load: async () => (await import('./commands/history.ts')).declareReplay,
  },
  {
    usage: 'audit',
    isPaged: true,
    description: 'The audit trail of all runs: who changed what, when and why, newest first.',
    load: async () => (await import('./commands/audit.ts')).declareAudit,
  },
  {
    usage: 'tail',
    description: 'Follow the audit trail live. Ctrl-C ends it.',
    load: async () => (await import('./commands/tail.ts')).declareTail,
  },
  {
    usage: 'verify',
    description: 'Read the whole log, fold it again, and compare every row of the read model. Changes nothing.',
    load: async () => (await import('./commands/verify.ts')).declareVerify,
  },
  {
    usage: 'access-log',
    description: 'Check who read and sent what: the files of serve --access-log.',
    load: async () => (await import('./commands/access-log.ts')).declareAccessLog,
  },
  {
    usage: 'backup',
    description: 'Copy the embedded log to one file, beside a server too, and check the copy.',
    load: async () => (await import('./commands/backup.ts')).declareBackup,
  },
  {
    usage: 'witness',
    description: 'Cosign the checkpoints of ledgers that somebody else runs. Prints its address as its first line.',
    load: async () => (await import('./commands/witness.ts')).declareWitness,
  },
  {
    usage: 'evidence <run_id>',
    description: 'Write an evidence pack of a run: its events, with the proof of each, to be checked offline.',
    load: async () => (await import('./commands/evidence.ts')).declareEvidence,
  },
  {
    usage: 'trust',
    description: 'Keys, signed checkpoints, and what they prove.',
    load: async () => (await import('./commands/trust/trust.ts')).declareTrust,
  },
  {
    usage: 'projections',
    description: 'Show, rebuild and repair the read model.',
    load: async () => (await import('./commands/projections.ts')).declareProjections,
  },
  {
    usage: 'context',
    description: 'Save servers by name, for --context, or to be asked where nothing else is named.',
    load: async () => (await import('./commands/context.ts')).declareContext,
  },
  {
    usage: 'keys',
    description: 'Issue, list and revoke API keys.',
    load: async () => (await import('./commands/keys.ts')).declareKeys,
  },
  {
    usage: 'demo',
    description: 'Fill a ledger with made-up credit decisions and serve it. A second start reuses what is there.',
    load: async () => (await import('./demo/demo.ts')).declareDemo,
  },
  {
    usage: 'completion <shell>',
    description: 'Print a script that completes subcommands and options in bash, zsh or fish.',
    load: async () => (await import('./completion.ts')).declareCompletion,
  },
]
