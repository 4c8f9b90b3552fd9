{{/* Name of the chart, shortened to what a label takes. */}}
{{- define "gateway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the objects: 51 characters, so that the longest suffix still fits into 63. */}}
{{- define "gateway.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 51 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels by which pods are selected. A Deployment's selector can't be changed: nothing of a version may be in here. */}}
{{- define "gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "gateway.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "gateway.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "gateway.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: {{ include "gateway.name" . | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Metadata of an object. Takes root, component, and optionally suffix, namespace, labels, annotations. */}}
{{- define "gateway.metadata" -}}
{{- $root := .root -}}
name: {{ include "gateway.fullname" $root }}{{ with get . "suffix" }}-{{ . }}{{ end }}
namespace: {{ get . "namespace" | default $root.Release.Namespace }}
labels:
  {{- $own := merge (dict) (get . "labels" | default dict) (dict "app.kubernetes.io/component" .component) }}
  {{- toYaml (merge $own (include "gateway.labels" $root | fromYaml)) | nindent 2 }}
{{- with merge (dict) (get . "annotations" | default dict) $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "gateway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "gateway.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{- define "gateway.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- with .Values.image.registry }}{{ . }}/{{ end -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ $tag }}{{ end -}}
{{- end -}}

{{- define "gateway.scheme" -}}
{{- ternary "https" "http" (ne .Values.tls.existingSecret "") -}}
{{- end -}}

{{- define "gateway.servicePort" -}}
{{- .Values.service.port | default (ternary 443 80 (ne .Values.tls.existingSecret "")) | int -}}
{{- end -}}

{{/* Host of a URL, without the port. */}}
{{- define "gateway.publicHost" -}}
{{- regexReplaceAll ":[0-9]+$" (get (urlParse .Values.gateway.publicUrl) "host") "" -}}
{{- end -}}

{{/* Mail domains whose users are to find their settings, as a JSON list. */}}
{{- define "gateway.domains" -}}
{{- $domains := .Values.discovery.domains | default (compact (list .Values.gateway.mailDomain)) -}}
{{- ternary $domains (list) .Values.discovery.enabled | toJson -}}
{{- end -}}

{{/* Hosts at which phones and Thunderbird look for the settings of a domain, as a JSON list. */}}
{{- define "gateway.discoveryHosts" -}}
{{- $hosts := list -}}
{{- range include "gateway.domains" . | fromJsonArray -}}
{{- $hosts = concat $hosts (list (printf "autodiscover.%s" .) (printf "autoconfig.%s" .)) -}}
{{- end -}}
{{- without ($hosts | uniq) (include "gateway.publicHost" .) | toJson -}}
{{- end -}}

{{/* Plain environment variables, as a map of texts. */}}
{{- define "gateway.config" -}}
{{- $proxied := or .Values.ingress.enabled .Values.httpRoute.enabled -}}
HOST: {{ .Values.gateway.host | quote }}
PORT: {{ .Values.gateway.port | int | quote }}
PUBLIC_URL: {{ .Values.gateway.publicUrl | quote }}
IMAP_URL: {{ .Values.gateway.imapUrl | quote }}
LOG_LEVEL: {{ .Values.gateway.logLevel | quote }}
TRUST_PROXY: {{ .Values.gateway.trustProxy | toString | default (ternary "1" "0" $proxied) | quote }}
DATABASE_POOL: {{ .Values.gateway.databasePool | int | quote }}
WORKERS: {{ .Values.gateway.workers | int | quote }}
METRICS_PORT: {{ .Values.metrics.port | int | quote }}
{{- with .Values.gateway.smtpUrl }}
SMTP_URL: {{ . | quote }}
{{- end }}
{{- with .Values.gateway.otel }}
{{- if .endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .endpoint | quote }}
OTEL_SERVICE_NAME: {{ .serviceName | quote }}
OTEL_TRACES_SAMPLER_ARG: {{ .samplingRatio | toString | quote }}
{{- end }}
{{- end }}
{{- with .Values.gateway.sieveUrl }}
SIEVE_URL: {{ . | quote }}
{{- end }}
{{- with .Values.gateway.mailServers }}
MAIL_SERVERS: {{ toJson . | quote }}
{{- end }}
{{- with .Values.gateway.easPolicies }}
EAS_POLICIES: {{ toJson . | quote }}
{{- end }}
{{- with .Values.gateway.mailDomain }}
MAIL_DOMAIN: {{ . | quote }}
{{- end }}
{{- if .Values.tls.existingSecret }}
TLS_CERT: /etc/gateway/tls/tls.crt
TLS_KEY: /etc/gateway/tls/tls.key
{{- end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
NODE_EXTRA_CA_CERTS: /etc/gateway/ca/{{ .Values.extraCa.key }}
{{- end }}
{{- end -}}

{{/* One environment variable out of a Secret. Takes name, secret, key. */}}
{{- define "gateway.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end -}}

{{/* DATABASE_URL, out of the operator's Secret or out of the one of this chart that is named. Takes root, secret. */}}
{{- define "gateway.databaseEnv" -}}
{{- $database := .root.Values.database -}}
{{- if $database.existingSecret -}}
{{- include "gateway.secretEnv" (dict "name" "DATABASE_URL" "secret" $database.existingSecret "key" $database.existingSecretKey) -}}
{{- else -}}
{{- include "gateway.secretEnv" (dict "name" "DATABASE_URL" "secret" .secret "key" "DATABASE_URL") -}}
{{- end -}}
{{- end -}}

{{/* Secret variables of the gateway. */}}
{{- define "gateway.secrets" -}}
{{- $own := include "gateway.fullname" . -}}
{{- include "gateway.databaseEnv" (dict "root" . "secret" $own) }}
{{- with .Values.redis }}
{{- if .existingSecret }}
{{ include "gateway.secretEnv" (dict "name" "REDIS_URL" "secret" .existingSecret "key" .existingSecretKey) }}
{{- else if .url }}
{{ include "gateway.secretEnv" (dict "name" "REDIS_URL" "secret" $own "key" "REDIS_URL") }}
{{- end }}
{{- end }}
{{- with .Values.push }}
{{- if and .enabled .existingSecret }}
{{ include "gateway.secretEnv" (dict "name" "PUSH_SECRET" "secret" .existingSecret "key" .existingSecretKey) }}
{{- else if .enabled }}
{{ include "gateway.secretEnv" (dict "name" "PUSH_SECRET" "secret" $own "key" "PUSH_SECRET") }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Volumes of gateway and migration pods. */}}
{{- define "gateway.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 288 # 0440
{{- end }}
{{- if .Values.extraCa.configMap }}
- name: ca
  configMap:
    name: {{ .Values.extraCa.configMap }}
{{- else if .Values.extraCa.secret }}
- name: ca
  secret:
    secretName: {{ .Values.extraCa.secret }}
{{- end }}
{{- end -}}

{{- define "gateway.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/gateway/tls
  readOnly: true
{{- end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
- name: ca
  mountPath: /etc/gateway/ca
  readOnly: true
{{- end }}
{{- end -}}

{{/* Where pods may run and how they find names; the same for gateway and migration. */}}
{{- define "gateway.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* One probe. Takes root, probe, path. */}}
{{- define "gateway.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ include "gateway.scheme" .root | upper }}
{{ toYaml (omit .probe "enabled") }}
{{- end -}}

{{/* Ports of a URL, or of its scheme, or the fallback; as a JSON list. Takes url, ports, fallback. */}}
{{- define "gateway.portsOf" -}}
{{- $known := dict "imap" (list 143) "imaps" (list 993) "smtp" (list 587) "smtps" (list 465) "submission" (list 587) "submissions" (list 465) "sieve" (list 4190) -}}
{{- $url := urlParse .url -}}
{{- $port := regexFind ":[0-9]+$" (get $url "host") | trimPrefix ":" -}}
{{- if .ports -}}
{{- .ports | toJson -}}
{{- else if $port -}}
{{- list (int $port) | toJson -}}
{{- else -}}
{{- get $known (get $url "scheme") | default .fallback | toJson -}}
{{- end -}}
{{- end -}}

{{/* Ports of the mail servers of a kind (imap, smtp or sieve), those of single domains included; as a JSON list, empty where there are none. Takes root, kind. */}}
{{- define "gateway.mailPorts" -}}
{{- $kind := .kind -}}
{{- $given := (get .root.Values.networkPolicy.egress $kind).ports -}}
{{- $urls := list (get .root.Values.gateway (printf "%sUrl" $kind)) -}}
{{- range $domain, $servers := .root.Values.gateway.mailServers -}}
{{- $urls = append $urls (get $servers $kind) -}}
{{- end -}}
{{- $ports := list -}}
{{- range compact $urls -}}
{{- $ports = concat $ports (include "gateway.portsOf" (dict "url" . "ports" $given "fallback" (list)) | fromJsonArray) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{/* An egress rule by TCP. Takes to, ports (JSON list). */}}
{{- define "gateway.egress" -}}
- ports:
    {{- range .ports | fromJsonArray }}
    - protocol: TCP
      port: {{ int . }}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Egress to name servers and PostgreSQL, which gateway and migration both need. */}}
{{- define "gateway.egressBase" -}}
{{- $egress := .Values.networkPolicy.egress -}}
- ports:
    {{- range $egress.dns.ports }}
    - protocol: UDP
      port: {{ int . }}
    - protocol: TCP
      port: {{ int . }}
    {{- end }}
  {{- with $egress.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{ include "gateway.egress" (dict "to" $egress.postgres.to "ports" (include "gateway.portsOf" (dict "url" .Values.database.url "ports" $egress.postgres.ports "fallback" (list 5432)))) }}
{{- end -}}

{{/* Annotations of the Ingress that let phones wait, let large mails through and keep answers flowing. */}}
{{- define "gateway.ingressAnnotations" -}}
{{- $seconds := int .Values.ingress.timeoutSeconds -}}
{{- $size := int .Values.ingress.bodySizeMiB -}}
{{- $scheme := include "gateway.scheme" . -}}
{{- if eq .Values.ingress.controller "nginx" }}
nginx.ingress.kubernetes.io/proxy-read-timeout: {{ $seconds | quote }}
nginx.ingress.kubernetes.io/proxy-send-timeout: {{ $seconds | quote }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ printf "%dm" $size | quote }}
nginx.ingress.kubernetes.io/proxy-buffering: "off"
nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
nginx.ingress.kubernetes.io/backend-protocol: {{ $scheme | upper | quote }}
{{- else if eq .Values.ingress.controller "nginx-f5" }}
nginx.org/proxy-read-timeout: {{ printf "%ds" $seconds | quote }}
nginx.org/proxy-send-timeout: {{ printf "%ds" $seconds | quote }}
nginx.org/client-max-body-size: {{ printf "%dm" $size | quote }}
nginx.org/proxy-buffering: "False"
{{- if eq $scheme "https" }}
nginx.org/ssl-services: {{ include "gateway.fullname" . | quote }}
{{- end }}
{{- else if eq .Values.ingress.controller "haproxy" }}
haproxy-ingress.github.io/timeout-server: {{ printf "%ds" $seconds | quote }}
haproxy-ingress.github.io/timeout-client: {{ printf "%ds" $seconds | quote }}
haproxy-ingress.github.io/proxy-body-size: {{ printf "%dm" $size | quote }}
haproxy-ingress.github.io/backend-protocol: {{ ternary "h1-ssl" "h1" (eq $scheme "https") | quote }}
{{- else if eq .Values.ingress.controller "alb" }}
alb.ingress.kubernetes.io/target-type: ip
alb.ingress.kubernetes.io/load-balancer-attributes: {{ printf "idle_timeout.timeout_seconds=%d" $seconds | quote }}
alb.ingress.kubernetes.io/healthcheck-path: /readyz
alb.ingress.kubernetes.io/backend-protocol: {{ $scheme | upper | quote }}
{{- end }}
{{- end -}}

{{/* What a schema can't say: rules between values. */}}
{{- define "gateway.check" -}}
{{- $needed := add (int .Values.preStopSleepSeconds) (int .Values.drainSeconds) -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds must be above preStopSleepSeconds + drainSeconds (%d), or waiting phones are cut off" $needed) -}}
{{- end -}}
{{- if eq (int .Values.metrics.port) (int .Values.gateway.port) -}}
{{- fail "metrics.port must not be gateway.port: phones and Prometheus have a port each" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.autoscaling.minReplicas)) -}}
{{- fail "autoscaling.maxReplicas must not be below autoscaling.minReplicas" -}}
{{- end -}}
{{- end -}}
