{{/* The job's name in Prometheus is the Service's, and the rules look for `bailiwick` in it. */}}
{{- define "bailiwick.name" -}}
{{- if contains "bailiwick" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-bailiwick" (.Release.Name | trunc 40 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "bailiwick.selector" -}}
app.kubernetes.io/name: bailiwick
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "bailiwick.labels" -}}
{{ include "bailiwick.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* bailiwick.yaml: the user's, with what the chart knows better. */}}
{{- define "bailiwick.config" -}}
{{- $ours := dict "http" (dict "listen" "0.0.0.0:9464") "tenants" (dict "file" "/etc/bailiwick/tenants.yaml") -}}
{{- if .Values.catalog -}}
{{- $_ := set $ours "catalog" (list "builtin" "/etc/bailiwick/catalog") -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $ours) -}}
{{- end -}}
