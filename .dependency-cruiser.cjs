// Arrows point one way:
//   run ← projections ← ledger, read-model ← transfer, verify ← http, cli ← main
//   run ← search ← api ← http, client, cli          search ← read-model          event-store knows no run
//   lib ← everybody; the domain takes only what is pure of it
const PURE_LIB = 'src/lib/json-pointer.ts'
const isDomain = (from) => from === 'src/run/' || from === 'projections/'
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `${from} may import from nothing of ours but ${allowed.join(', ') || 'itself'}`,
  from: { path: `^${from}` },
  to: {
    path: '^(src|projections|test|bench)',
    pathNot: [from, isDomain(from) ? PURE_LIB : 'src/lib/', ...allowed].map((path) => `^${path}`),
  },
})

/** The files of the domain that the pages bundle. */
const IN_BROWSER = [
  'projections/(current-run|changes|provenance)\\.ts$',
  'src/run/(json|merge-patch|terminal-status|upcasters)\\.ts$',
  'src/lib/json-pointer\\.ts$',
  'src/search/fields\\.ts$',
]

module.exports = {
  forbidden: [
    {
      name: 'lib',
      comment: 'what many use stands on nothing of ours, and on one package alone',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { pathNot: '^src/lib/|^crypto$|node_modules/uuid/' },
    },
    only('run', 'src/run/', []),
    only('projections', 'projections/', ['src/run/']),
    only('event-store', 'src/event-store/', []),
    only('access', 'src/access/', ['src/run/', 'src/event-store/']),
    only('search', 'src/search/', ['src/run/']),
    only('api', 'src/api/', ['src/access/(roles|events)\\.ts', 'src/run/', 'src/search/']),
    only('ledger', 'src/ledger/', ['src/run/', 'projections/', 'src/event-store/']),
    only('read-model', 'src/read-model/', [
      'src/run/',
      'projections/',
      'src/event-store/',
      'src/search/',
      'src/tracing/start-tracing',
    ]),
    only('transfer', 'src/transfer/', [
      'src/run/',
      'projections/',
      'src/event-store/',
      'src/ledger/',
      'src/read-model/',
      'src/api/',
    ]),
    only('access-log', 'src/access-log/', ['src/event-store/']),
    only('tracing', 'src/tracing/', ['src/run/', 'src/event-store/', 'src/ledger/', 'src/read-model/']),
    {
      name: 'only tracing knows OpenTelemetry',
      comment: 'its modules are loaded where an endpoint is configured, and nowhere else',
      severity: 'error',
      from: { path: '^(src|projections)/', pathNot: '^src/tracing/' },
      to: { path: '@opentelemetry/' },
    },
    only('metrics', 'src/metrics/', ['src/event-store/', 'src/read-model/']),
    only('trust', 'src/trust/', ['src/run/', 'src/event-store/']),
    only('evidence', 'src/evidence/', ['src/run/', 'projections/', 'src/event-store/', 'src/trust/']),
    only('verify', 'src/verify/', ['src/run/', 'projections/', 'src/event-store/', 'src/ledger/', 'src/read-model/']),
    only('client', 'src/client/', ['src/run/', 'src/api/']),
    {
      name: 'the client stands on nothing but fetch',
      comment: 'of the API it takes types alone: applications load no schemas, and browsers no Node',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: '^src/(client|lib)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages stand on what anybody can use',
      comment: 'the client, the fold and what is made of it; of everything else types alone',
      severity: 'error',
      from: { path: '^src/pages/', pathNot: '^src/pages/verify/' },
      to: {
        path: '^(src|projections)/',
        pathNot: `^(src/pages/|src/client/client\\.ts$|${IN_BROWSER.join('|')})`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'what runs in a browser pulls in no schemas',
      comment: 'zod alone is larger than all of the pages',
      severity: 'error',
      from: { path: `^(${IN_BROWSER.join('|')})` },
      to: { pathNot: `^(${IN_BROWSER.join('|')}|node_modules/fp-ts/)`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages are for browsers alone',
      severity: 'error',
      from: { path: '^(src|projections)/', pathNot: '^src/pages/' },
      to: { path: '^src/pages/' },
    },
    { name: 'http-not-cli', severity: 'error', from: { path: '^src/http/' }, to: { path: '^src/(cli|main)' } },
    { name: 'src-not-test', severity: 'error', from: { path: '^(src|projections)/' }, to: { path: '^(test|bench)/' } },
    {
      name: 'the domain is pure',
      comment: 'a hash or a checksum of what is given is as pure as a buffer of it',
      severity: 'error',
      from: { path: '^(src/run|projections)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto|zlib)$' },
    },
    {
      name: 'only adapters know their client',
      comment: 'its messages are what a stand-in for its server is made of, its calls what benchmarks compare with',
      severity: 'error',
      from: { pathNot: '^(src/event-store/eventstoredb|test|bench)/' },
      to: { path: '@eventstore/db-client' },
    },
    {
      name: 'only adapters know SQL',
      severity: 'error',
      from: {
        path: '^(src|projections)/',
        pathNot: '^src/(read-model/(sqlite|postgres|sql)|event-store/embedded|trust/sqlite)/',
      },
      to: { path: '^(node:)?sqlite$|node_modules/(kysely|pg|pg-copy-streams)/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'declared',
      severity: 'error',
      from: { path: '^(src|projections)/', pathNot: '^src/pages/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    doNotFollow: { path: 'node_modules' },
  },
}
