/** Where there is no page to show: none has this address, or it cannot be loaded. */
import { Page } from './frame.tsx'
import { pageHref } from './lib/address.ts'
import { Empty, ProblemNotice } from './parts/problem.tsx'

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

export const LoadFailed = () => (
  <Page title="Not loaded">
    <ProblemNotice
      problem={{ _tag: 'network-failure', detail: 'this page could not be loaded' }}
      retry={() => location.reload()}
    />
  </Page>
)
