/** What stands between the network and the routes: who may connect, how, and how often. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from '../../api/problems.ts'

export type Door = Readonly<{
  /** Origins of other web pages that may read and write: `https://host.example`, without a path. */
  corsOrigins: readonly string[]
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-*` headers are believed. */
  trustedProxies: readonly string[]
  /** Null: plain HTTP. */
  tls: TlsFiles | null
  /** Requests per second of one principal, a line of `POST /commands` counting as one; null: no limit. */
  requestsPerSecond: number | null
}>

/** PEM, as read from the files. */
export type TlsFiles = Readonly<{ cert: Buffer; key: Buffer }>

export const PLAIN_DOOR: Door = { corsOrigins: [], trustedProxies: [], tls: null, requestsPerSecond: null }

export type RateLimits = Readonly<{
  /** Counts `lines` of a batch; returns how many of them may be executed now. Sets the headers where not all may. */
  admitLines: (request: FastifyRequest, reply: FastifyReply, lines: number) => Promise<number>
  failedCredentials: FailedCredentials
}>

/** Per address, of IPv6 per /64. Not for loopback: anyone who is on this machine needs no guesses over the network. */
export type FailedCredentials = Readonly<{
  /** To be asked before credentials are looked at; sets the headers of the refusal. */
  refusalOf: (request: FastifyRequest, reply: FastifyReply) => Promise<Problem | null>
  /** To be called for credentials that turned out not to be valid. */
  note: (request: FastifyRequest) => Promise<void>
}>
