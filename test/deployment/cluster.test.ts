/** The cluster on one machine, and the one on Kubernetes. */
import { readFileSync } from 'node:fs'
import { right } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ledgerConfigOf, listenConfigOf } from '../../src/config.ts'
import { faultsOf } from './compose-faults.ts'
import { imageFile, ROOT } from './dockerfile.ts'
import { optionsOf } from './serve-options.ts'

const COMPOSE = `${ROOT}docker-compose.cluster.yml`
const NODES = ['eventstoredb-1', 'eventstoredb-2', 'eventstoredb-3'] as const
const LEDGERS = ['run-ledger-1', 'run-ledger-2', 'run-ledger-3'] as const

const Service = z.object({
  image: z.string().optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.unknown().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
})
const Compose = z.object({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.null()) })

const compose = () => Compose.parse(parse(readFileSync(COMPOSE, 'utf8'), { merge: true }))
const serviceOf = (name: string) => Service.parse(compose().services[name])

test("the cluster's file is as the Compose specification's schema wants it", () => {
  expect(faultsOf(COMPOSE)).toEqual([])
})

test('each ledger takes every flag, and has its log in the three nodes and its read model in the database', () => {
  const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = serviceOf('postgres').environment
  for (const name of LEDGERS) {
    const { command, volumes, depends_on } = serviceOf(name)
    const options = optionsOf(command, Object.fromEntries(imageFile().env))
    expect(ledgerConfigOf(options)).toMatchObject(
      right({
        eventStore: {
          kind: 'eventstoredb',
          address: `esdb://${NODES.map((node) => `${node}:2113`).join(',')}?tls=false`,
        },
        readModel: {
          kind: 'postgres',
          url: `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres/${POSTGRES_DB}`,
        },
      }),
    )
    expect(listenConfigOf(options)).toMatchObject(right({ host: '0.0.0.0', port: 8080 }))
    expect(volumes).toEqual([`${name}-data:/data`])
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(depends_on)).toSorted()).toEqual([...NODES, 'postgres'])
  }
})

test('each node knows the two others by the names that they advertise', () => {
  for (const name of NODES) {
    const { environment, healthcheck } = serviceOf(name)
    const others = NODES.filter((other) => other !== name).map((other) => `${other}:2113`)
    expect(environment).toMatchObject({
      EVENTSTORE_CLUSTER_SIZE: String(NODES.length),
      EVENTSTORE_GOSSIP_SEED: others.join(','),
      EVENTSTORE_NODE_HOST_ADVERTISE_AS: name,
      EVENTSTORE_REPLICATION_HOST_ADVERTISE_AS: name,
    })
    expect(healthcheck?.test.at(-1)).toContain('http://127.0.0.1:2113/')
  }
  const single = z
    .object({ services: z.object({ eventstoredb: Service }) })
    .parse(parse(readFileSync(`${ROOT}docker-compose.yml`, 'utf8')))
  expect(serviceOf(NODES[0]).image).toBe(single.services.eventstoredb.image)
})

test('no other machine reaches anything but by way of the proxy, which stands on loopback', () => {
  const published = Object.entries(compose().services).filter(([, { ports }]) => ports.length > 0)
  expect(published.map(([name, { ports }]) => [name, ports])).toEqual([['proxy', ['127.0.0.1:8080:8080']]])
})

test('every volume is named, declared and used by one service alone', () => {
  const { services, volumes } = compose()
  const mounted = Object.values(services)
    .flatMap((service) => service.volumes.map((each) => each.split(':')[0] as string))
    .filter((source) => !source.startsWith('./'))
  expect(mounted.toSorted()).toEqual(Object.keys(volumes).toSorted())
})

test('the proxy sends requests to every ledger, and to none that is not ready', () => {
  const mounted = serviceOf('proxy').volumes.map((each) => each.split(':')[0] as string)
  expect(mounted).toEqual(['./docs/cluster/haproxy.cfg'])
  const config = readFileSync(`${ROOT}docs/cluster/haproxy.cfg`, 'utf8')
  const servers = [...config.matchAll(/^ {2}server (\S+) (\S+)$/gm)].map(([, name, address]) => [name, address])
  expect(servers).toEqual(LEDGERS.map((name) => [name, `${name}:8080`]))
  expect(config).toContain('option httpchk GET /readyz')
  expect(config).toContain('default-server check')
})

const Labels = z.record(z.string(), z.string())
const Probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) })
const Env = z.object({
  name: z.string(),
  valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }),
})
const Container = z.object({
  args: z.array(z.string()),
  env: z.array(Env),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
  readinessProbe: Probe,
  livenessProbe: Probe,
  lifecycle: z.object({
    preStop: z.object({ exec: z.object({ command: z.tuple([z.literal('sleep'), z.string()]) }) }),
  }),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
})
const Manifest = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('Secret'), metadata: z.object({ name: z.string() }), stringData: Labels }),
  z.object({
    kind: z.literal('Deployment'),
    spec: z.object({
      replicas: z.number(),
      selector: z.object({ matchLabels: Labels }),
      strategy: z.object({ rollingUpdate: z.object({ maxSurge: z.number(), maxUnavailable: z.number() }) }),
      template: z.object({
        metadata: z.object({ labels: Labels }),
        spec: z.object({
          terminationGracePeriodSeconds: z.number(),
          containers: z.tuple([Container]),
          volumes: z.array(z.object({ name: z.string() })),
        }),
      }),
    }),
  }),
  z.object({
    kind: z.literal('PodDisruptionBudget'),
    spec: z.object({ minAvailable: z.number(), selector: z.object({ matchLabels: Labels }) }),
  }),
  z.object({
    kind: z.literal('Service'),
    spec: z.object({ selector: Labels, ports: z.array(z.object({ targetPort: z.string() })) }),
  }),
])
type Manifest = z.infer<typeof Manifest>

const manifests = parseAllDocuments(readFileSync(`${ROOT}docs/cluster/kubernetes.yaml`, 'utf8')).map((document) =>
  Manifest.parse(document.toJS()),
)
const manifest = <Kind extends Manifest['kind']>(kind: Kind) =>
  manifests.find((each): each is Extract<Manifest, { kind: Kind }> => each.kind === kind) as Extract<
    Manifest,
    { kind: Kind }
  >

test('on Kubernetes the ledger takes every flag and variable, and finds both its stores in the secret', () => {
  const secret = manifest('Secret')
  const [container] = manifest('Deployment').spec.template.spec.containers
  const env = container.env.map(({ name, valueFrom: { secretKeyRef } }) => {
    expect(secretKeyRef.name).toBe(secret.metadata.name)
    return [name, secret.stringData[secretKeyRef.key] as string]
  })
  const options = optionsOf(container.args, { ...Object.fromEntries(imageFile().env), ...Object.fromEntries(env) })
  expect(ledgerConfigOf(options)).toMatchObject(
    right({ eventStore: { kind: 'eventstoredb' }, readModel: { kind: 'postgres' } }),
  )
  expect(container.ports.map(({ containerPort }) => String(containerPort))).toEqual([options.port])
})

test('a rolling upgrade and a disruption leave ledgers that are ready', () => {
  const { spec } = manifest('Deployment')
  expect(spec.strategy.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
  expect(manifest('PodDisruptionBudget').spec.minAvailable).toBe(spec.replicas - 1)
  const [{ readinessProbe, livenessProbe, lifecycle }] = spec.template.spec.containers
  expect(readinessProbe.httpGet.path).toBe('/readyz')
  expect(livenessProbe.httpGet.path).toBe('/healthz')
  expect(Number(lifecycle.preStop.exec.command[1])).toBeLessThan(spec.template.spec.terminationGracePeriodSeconds)
})

test('everything on Kubernetes means the same pods, ports and volumes', () => {
  const { selector, template } = manifest('Deployment').spec
  const [{ ports, readinessProbe, livenessProbe, volumeMounts }] = template.spec.containers
  for (const labels of [
    selector.matchLabels,
    manifest('PodDisruptionBudget').spec.selector.matchLabels,
    manifest('Service').spec.selector,
  ])
    expect(labels).toEqual(template.metadata.labels)
  const port = ports[0]?.name
  expect([readinessProbe.httpGet.port, livenessProbe.httpGet.port]).toEqual([port, port])
  expect(manifest('Service').spec.ports.map(({ targetPort }) => targetPort)).toEqual([port])
  expect(volumeMounts.map(({ name }) => name)).toEqual(template.spec.volumes.map(({ name }) => name))
  expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain('/data')
})
