/** All pages, each at its address, inside one frame. Each is loaded when it is first shown. */
import type { FunctionComponent } from 'preact'
import { ErrorBoundary, LocationProvider, lazy, Route, Router } from 'preact-iso'
import { Frame } from './frame.tsx'
import { BASE } from './lib/address.ts'
import { LoadFailed, NotFound } from './not-found.tsx'

/** A page whose file cannot be loaded, because the server is away or was upgraded, shows an error. */
const page = (load: () => Promise<FunctionComponent<PageProps>>) =>
  lazy((): Promise<FunctionComponent<PageProps>> => load().catch(() => LoadFailed))

/** What the router hands a page: `id` out of its address. */
type PageProps = Readonly<{ params?: Readonly<{ id?: string }> }>

const Home = page(() => import('./home/home.tsx').then(({ Home }) => Home))
const Runs = page(() => import('./runs/runs.tsx').then(({ Runs }) => Runs))
const RunPage = page(() => import('./run/run-page.tsx').then(({ RunPage }) => RunPage))
const Diff = page(() => import('./diff/diff.tsx').then(({ Diff }) => Diff))
const Audit = page(() => import('./audit/audit.tsx').then(({ Audit }) => Audit))
const Policies = page(() => import('./policies/policies.tsx').then(({ Policies }) => Policies))
const PolicyVersion = page(() => import('./policies/policy-version.tsx').then(({ PolicyVersion }) => PolicyVersion))
const Agreement = page(() => import('./policies/agreement.tsx').then(({ Agreement }) => Agreement))
const Groups = page(() => import('./groups/groups.tsx').then(({ Groups }) => Groups))
const Group = page(() => import('./groups/group.tsx').then(({ Group }) => Group))
const Projections = page(() => import('./projections/projections.tsx').then(({ Projections }) => Projections))

export const App = () => (
  <LocationProvider scope={BASE}>
    <Frame>
      <ErrorBoundary>
        <Router>
          <Route path={BASE} component={Home} />
          <Route path={`${BASE}runs`} component={Runs} />
          <Route path={`${BASE}runs/:id`} component={RunPage} />
          <Route path={`${BASE}diff`} component={Diff} />
          <Route path={`${BASE}audit`} component={Audit} />
          <Route path={`${BASE}policy-versions`} component={Policies} />
          <Route path={`${BASE}policy-versions/:id`} component={PolicyVersion} />
          <Route path={`${BASE}policy-versions/:id/agreement`} component={Agreement} />
          <Route path={`${BASE}run-groups`} component={Groups} />
          <Route path={`${BASE}run-groups/:id`} component={Group} />
          <Route path={`${BASE}projections`} component={Projections} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Frame>
  </LocationProvider>
)
