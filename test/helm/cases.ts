import type { RenderJob, Tree } from './chart.js';

/** The least that a release needs. */
export const needed = {
  gateway: { publicUrl: 'https://sync.example.com', imapUrl: 'imaps://mail.example.com' },
  database: { url: 'postgres://gateway:secret@postgres.example.com/gateway' },
} satisfies Tree;

const externalSecrets = {
  ...needed,
  database: { existingSecret: 'gateway-db-app' },
  redis: { existingSecret: 'gateway-redis' },
  push: { enabled: true, existingSecret: 'gateway-push' },
  tls: { existingSecret: 'gateway-tls' },
  extraCa: { secret: 'mail-ca' },
  imagePullSecrets: [{ name: 'registry' }],
} satisfies Tree;

const on = { enabled: true };
const off = { enabled: false };

const everythingOn = {
  gateway: {
    publicUrl: 'https://sync.example.com/',
    imapUrl: 'imap://mail.example.com:1143?tls=off',
    smtpUrl: 'smtp://mail.example.com:1587',
    mailServers: { 'own.example': { imap: 'imaps://mail.own.example', sieve: 'sieve://mail.own.example' } },
    easPolicies: {
      versions: { from: '14.1' },
      families: [{ name: 'tablets', devices: ['Tab*'], policy: { DevicePasswordEnabled: true } }],
    },
    mailDomain: 'example.com',
    logLevel: 'debug',
    otel: { endpoint: 'http://collector.monitoring:4318', serviceName: 'gateway', samplingRatio: 0.1 },
    trustProxy: '10.0.0.0/8',
    workers: 4,
    databasePool: 20,
    host: '::',
    port: 9090,
  },
  image: {
    registry: 'registry.example.com',
    repository: 'mail/gateway',
    digest: `sha256:${'ab'.repeat(32)}`,
    pullPolicy: 'Always',
  },
  database: needed.database,
  redis: { url: 'rediss://:word@redis.example.com:6380/1' },
  push: { enabled: true, secret: 'a-secret-of-the-mail-server' },
  tls: { existingSecret: 'gateway-tls' },
  extraCa: { configMap: 'mail-ca', key: 'bundle.pem' },
  commonLabels: { team: 'mail' },
  commonAnnotations: { 'example.com/owner': 'mail' },
  imagePullSecrets: [{ name: 'registry' }],
  extraEnv: [
    { name: 'NODE_OPTIONS', value: '--max-old-space-size=1536' },
    { name: 'WORD', valueFrom: { secretKeyRef: { name: 'words', key: 'word' } } },
  ],
  extraEnvFrom: [{ secretRef: { name: 'more' } }],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
  initContainers: [{ name: 'first', image: 'tools:1', command: ['true'] }],
  extraContainers: [{ name: 'beside', image: 'tools:1' }],
  podLabels: { tier: 'front' },
  podAnnotations: { 'example.com/note': 'pod' },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'mail', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [] }] } },
  },
  priorityClassName: 'high',
  runtimeClassName: 'gvisor',
  schedulerName: 'own',
  hostAliases: [{ ip: '192.0.2.1', hostnames: ['mail.example.com'] }],
  dnsPolicy: 'ClusterFirst',
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
  serviceAccount: { create: true, name: 'gateway', annotations: { 'example.com/role': 'mail' } },
  podDisruptionBudget: { enabled: true, minAvailable: '60%' },
  autoscaling: {
    enabled: true,
    memory: on,
    extraMetrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } }],
  },
  migrations: { annotations: { 'example.com/note': 'job' }, podAnnotations: { 'sidecar.istio.io/inject': 'false' } },
  service: { annotations: { 'example.com/lb': 'internal' } },
  ingress: {
    enabled: true,
    className: 'nginx',
    closedPaths: ['/push'],
    annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
  },
  httpRoute: {
    enabled: true,
    parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
    annotations: { a: 'b' },
  },
  discovery: { domains: ['example.com', 'example.org'] },
  networkPolicy: {
    enabled: true,
    ingress: {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
      metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      extra: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }],
    },
    egress: { imap: { to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }, extra: [{ ports: [{ protocol: 'TCP', port: 443 }] }] },
  },
  metrics: {
    serviceMonitor: {
      enabled: true,
      labels: { release: 'monitoring' },
      relabelings: [{ action: 'labeldrop', regex: 'x' }],
      metricRelabelings: [{ action: 'drop', regex: 'nodejs_gc.*', sourceLabels: ['__name__'] }],
    },
    prometheusRule: {
      enabled: true,
      labels: { release: 'monitoring' },
      alertLabels: { team: 'mail' },
      extraRules: [{ alert: 'Own', expr: 'vector(1)' }],
    },
    dashboard: { enabled: true, namespace: 'monitoring', annotations: { folder: 'Mail' } },
  },
  extraObjects: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra' }, data: { a: 'b' } }],
} satisfies Tree;

const everythingOff = {
  ...needed,
  serviceAccount: { create: false },
  podDisruptionBudget: off,
  topologySpread: off,
  migrations: off,
  tests: off,
  discovery: off,
  probes: { startup: off, liveness: off, readiness: off },
  preStopSleepSeconds: 0,
  resources: { limits: { memory: '1Gi' }, requests: { cpu: '100m', memory: '256Mi' } },
} satisfies Tree;

/** Every way of rendering that is checked against the schemas and the conventions. */
export const cases: Readonly<Record<string, RenderJob>> = {
  default: { values: needed },
  'everything on': { values: everythingOn },
  'everything off': { values: everythingOff },
  'external secrets': { values: externalSecrets },
  'HPA on': { values: { ...needed, autoscaling: on } },
  'values-small.yaml': { files: ['values-small.yaml'] },
  'values-large.yaml': { files: ['values-large.yaml'] },
  'an upgrade on an old cluster': { values: needed, upgrade: true, cluster: 'v1.27.3' },
  'a load balancer with HTTPS of our own': {
    values: {
      ...externalSecrets,
      service: {
        type: 'LoadBalancer',
        nodePort: 30443,
        externalTrafficPolicy: 'Local',
        ipFamilyPolicy: 'PreferDualStack',
        loadBalancerClass: 'example.com/lb',
        loadBalancerSourceRanges: ['192.0.2.0/24'],
      },
      networkPolicy: on,
    },
  },
  'Gateway API only': { values: { ...needed, httpRoute: { enabled: true, parentRefs: [{ name: 'public' }] } } },
  'a long release name': { values: { ...needed, push: on, autoscaling: on, ingress: on }, release: 'r'.repeat(53) },
};
