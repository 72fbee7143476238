/** The lock: one owner at a time, gone with it, and known by what it said. */
import { once } from 'node:events'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { lockFile } from '../../../src/event-store/embedded/file-lock.ts'
import { startChild } from '../../support/processes/child.ts'
import { testDirectory } from '../../support/stores.ts'
import { leftOf, rightOf } from '../place.ts'

const OWNER = { pid: process.pid }

test('a locked file is in use, by the owner that it names', () => {
  const file = join(testDirectory(), 'a.db')
  const lock = rightOf(lockFile(file, { pid: 123 }))
  expect(leftOf(lockFile(file, OWNER))).toEqual({ _tag: 'StoreInUse', path: file, owner: { pid: 123 } })
  lock.announce({ url: 'http://127.0.0.1:8080' })
  expect(leftOf(lockFile(file, OWNER))).toMatchObject({ owner: { pid: 123, url: 'http://127.0.0.1:8080' } })
  lock.release()
})

test('a lock that was released can be taken again; releasing twice lets go of no other', () => {
  const file = join(testDirectory(), 'a.db')
  const first = rightOf(lockFile(file, OWNER))
  first.release()
  const second = rightOf(lockFile(file, OWNER))
  first.release()
  first.announce({ url: 'http://late' })
  expect(leftOf(lockFile(file, OWNER))).toEqual({ _tag: 'StoreInUse', path: file, owner: OWNER })
  second.release()
  expect(existsSync(`${file}.lock.json`)).toBe(false)
})

test('two files have two locks', () => {
  const directory = testDirectory()
  const locks = ['a.db', 'b.db'].map((file) => rightOf(lockFile(join(directory, file), OWNER)))
  for (const lock of locks) lock.release()
})

test('another name of the file has the same lock', () => {
  const directory = testDirectory()
  const file = join(directory, 'a.db')
  writeFileSync(file, '')
  symlinkSync(file, join(directory, 'alias.db'))
  const lock = rightOf(lockFile(file, OWNER))
  expect(leftOf(lockFile(join(directory, 'alias.db'), OWNER))).toMatchObject({ _tag: 'StoreInUse' })
  lock.release()
})

test('an owner that cannot be told is null', () => {
  const file = join(testDirectory(), 'a.db')
  const lock = rightOf(lockFile(file, OWNER))
  for (const said of ['', '{"pid":"x"}', '[]', '{"pid":1,"url":2}']) {
    writeFileSync(`${file}.lock.json`, said)
    expect(leftOf(lockFile(file, OWNER))).toMatchObject({ _tag: 'StoreInUse', owner: null })
  }
  lock.release()
})

test('where no lock can be made the failure says so', () => {
  expect(leftOf(lockFile(join(testDirectory(), 'nowhere', 'a.db'), OWNER))).toMatchObject({
    _tag: 'StoreUnavailable',
    outcome: 'not_stored',
  })
})

test('a lock keeps out the worker threads of its process, and one of theirs is gone when they end', async () => {
  const file = join(testDirectory(), 'a.db')
  const inThread = async () => {
    const worker = new Worker(new URL('../../support/processes/lock-in-thread.ts', import.meta.url), {
      workerData: file,
    })
    const [tag] = await once(worker, 'message')
    return { tag, end: () => worker.terminate() }
  }
  const lock = rightOf(lockFile(file, OWNER))
  const first = await inThread()
  expect(first.tag).toBe('Left')
  await first.end()
  lock.release()
  const second = await inThread()
  expect(second.tag).toBe('Right')
  expect(leftOf(lockFile(file, OWNER))).toMatchObject({ _tag: 'StoreInUse' })
  await second.end()
  rightOf(lockFile(file, OWNER)).release()
})

test('a lock dies with its owner, by SIGKILL too, and the next owner has it at once', async () => {
  const file = join(testDirectory(), 'events.db')
  for (let round = 0; round < 3; round += 1) {
    const owner = startChild('append-forever.ts', [file])
    await owner.line()
    expect(leftOf(lockFile(file, OWNER))).toEqual({
      _tag: 'StoreInUse',
      path: file,
      owner: { pid: owner.pid, url: 'http://127.0.0.1:4711' },
    })
    await owner.kill()
    rightOf(lockFile(file, OWNER)).release()
  }
})
