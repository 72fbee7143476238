/** A run that can be read only as far as some event. */
import { expect, test } from 'vitest'
import { launchBrowser } from '../support/browser/chromium.ts'
import { accessibilityFaults, openTab, visit } from '../support/browser/watched.ts'
import { serverForTest } from '../support/network/http-server.ts'

test('its page says where it stopped and why, shows the last good state, and others name it', async () => {
  const server = await serverForTest()
  const run_id = await server.create({ run_id: 'stopped-1' })
  const unreadable = (type: string) => ({ event_id: crypto.randomUUID(), type, data: '{"a":1}', metadata: '{}' })
  await server.store.append(run_id, 0, [unreadable('SomethingElse'), unreadable('RunStarted')])()
  const head = await server.store.headPosition()()
  if (head._tag === 'Right') await server.readModel.waitFor(head.right, 60_000)

  const browser = await launchBrowser()
  const { page, troubles } = await openTab(browser)
  await visit(page, `${server.url}/ui/runs/${run_id}`)
  const notice = page.getByRole('alert')
  await notice.getByText('This run cannot be read from event 1 on').waitFor()
  await notice.getByText('SomethingElse: unknown event type').waitFor()
  await notice.getByText('1 later event waits').waitFor()
  await page.getByText('Now: after event 0 of 0').waitFor()
  expect(await page.getByText('The run cannot be read as far as this.').count()).toBe(2)
  expect(await accessibilityFaults(page)).toEqual([])

  await visit(page, `${server.url}/ui/projections`)
  await page.getByRole('row', { name: /stopped-1 1 SomethingElse/ }).waitFor()
  await visit(page, `${server.url}/ui/runs`)
  await page.getByText('unreadable from 1').waitFor()
  await visit(page, `${server.url}/ui/`)
  await page.getByText('1 run cannot be read').first().waitFor()
  expect(troubles).toEqual([])
  await browser.close()
})
