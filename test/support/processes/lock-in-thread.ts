/** A worker thread that tries to lock the file of its `workerData`, says what came of it, and waits. */
import { parentPort, workerData } from 'node:worker_threads'
import { lockFile } from '../../../src/event-store/embedded/file-lock.ts'

parentPort?.postMessage(lockFile(workerData, { pid: process.pid })._tag)
parentPort?.on('message', () => undefined)
