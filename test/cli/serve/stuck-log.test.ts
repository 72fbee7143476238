/** Standard error that nobody takes: a full disk, a reader that sleeps, a closed pipe. No request may notice. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { testDirectory } from '../../support/stores.ts'

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

/** A server whose standard error a shell has redirected. `&` of the redirection starts a program that reads it. */
const serving = async (redirection: string): Promise<{ child: ChildProcess; url: string }> => {
  const command = `exec "${process.execPath}" "${MAIN}" serve --data "${testDirectory()}" --port 0 ${redirection}`
  const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  let printed = ''
  const url = await new Promise<string>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      printed += part
      const address = /http:\/\/\S+/.exec(printed)?.[0]
      if (address !== undefined && printed.includes('\n')) resolve(address)
    })
  })
  return { child, url }
}

/** Sends as many commands over 16 connections; resolves to the statuses of the answers. */
const load = async (url: string, commands: number): Promise<readonly (number | undefined)[]> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  onTestFinished(() => agent.destroy())
  const headers = { 'content-type': 'application/json', 'x-correlation-id': 'x'.repeat(128) }
  const send = () =>
    new Promise<number | undefined>((resolve, reject) => {
      request(`${url}/runs`, { method: 'POST', agent, headers }, async (answer) => {
        await text(answer)
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end('{"policy_version_id":"p"}')
    })
  return Promise.all(Array.from({ length: commands }, send))
}

test.each([
  ['a full disk', '2> /dev/full'],
  // A pipe holds 64 KiB: the log of the load is many times that.
  ['a reader that sleeps', '2> >(exec sleep 600)'],
  ['a pipe whose reader is gone', '2> >(exec true)'],
  ['nothing at all', '2>&-'],
])('with standard error to %s no request fails, and SIGTERM ends it with 0', async (_what, redirection) => {
  const { child, url } = await serving(redirection)
  const statuses = await load(url, 3_000)
  expect(statuses.filter((status) => status !== 201)).toEqual([])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
