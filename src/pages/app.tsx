/** All pages, each at its address, inside one frame. Each is loaded when it is first shown. */
import { ErrorBoundary, LocationProvider, lazy, Route, Router } from 'preact-iso'
import { Frame } from './frame.tsx'
import { BASE } from './lib/address.ts'
import { NotFound } from './not-found.tsx'

const Home = lazy(() => import('./home/home.tsx').then(({ Home }) => Home))
const Runs = lazy(() => import('./runs/runs.tsx').then(({ Runs }) => Runs))
const RunPage = lazy(() => import('./run/run-page.tsx').then(({ RunPage }) => RunPage))
const Diff = lazy(() => import('./diff/diff.tsx').then(({ Diff }) => Diff))
const Audit = lazy(() => import('./audit/audit.tsx').then(({ Audit }) => Audit))
const PolicyVersion = lazy(() => import('./policies/policy-version.tsx').then(({ PolicyVersion }) => PolicyVersion))
const Group = lazy(() => import('./groups/group.tsx').then(({ Group }) => Group))
const Projections = lazy(() => import('./projections/projections.tsx').then(({ Projections }) => Projections))

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
          <Route path={`${BASE}policy-versions/:id`} component={PolicyVersion} />
          <Route path={`${BASE}run-groups/:id`} component={Group} />
          <Route path={`${BASE}projections`} component={Projections} />
          <Route default component={NotFound} />
        </Router>
      </ErrorBoundary>
    </Frame>
  </LocationProvider>
)
