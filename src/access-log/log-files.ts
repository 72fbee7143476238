/** The files of one folder of the access log: appended to, flushed to the disk, one a UTC day. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'

export type LogFiles = Readonly<{
  /** Appends to `name`, as far as there is room. Returns how many bytes were taken; throws where none was. */
  append: (name: string, bytes: Buffer) => Promise<number>
  /** Returns once what was appended is on the disk. */
  sync: () => Promise<void>
  /** Closes the file: the next append opens it by its name. */
  close: () => Promise<void>
}>

export const logFilesIn = (folder: string): LogFiles => {
  let current: Readonly<{ name: string; handle: FileHandle }> | null = null

  const close = async (): Promise<void> => {
    const closing = current
    current = null
    await closing?.handle.close()
  }

  const handleOf = async (name: string): Promise<FileHandle> => {
    if (current?.name === name) return current.handle
    if (current !== null) {
      await current.handle.datasync()
      await close()
    }
    const handle = await open(join(folder, name), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600)
    current = { name, handle }
    await syncDirectory(folder)
    return handle
  }

  return {
    append: async (name, bytes) => {
      const { bytesWritten } = await (await handleOf(name)).write(bytes)
      return bytesWritten
    },
    sync: async () => {
      await current?.handle.datasync()
    },
    close,
  }
}

/** So that the name of a new file is on the disk, too. */
const syncDirectory = async (folder: string): Promise<void> => {
  const directory = await open(folder, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
