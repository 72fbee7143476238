/** No page has this address. */
import { Page } from './frame.tsx'
import { pageHref } from './lib/address.ts'
import { Empty } from './parts/problem.tsx'

export const NotFound = () => (
  <Page title="No such page">
    <Empty title="No page has this address">
      <p>
        Check the address, or go to the <a href={pageHref('')}>overview</a> or the{' '}
        <a href={pageHref('runs')}>list of runs</a>.
      </p>
    </Empty>
  </Page>
)
