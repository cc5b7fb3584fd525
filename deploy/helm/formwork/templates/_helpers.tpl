{{- define "formwork.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "formwork.selector" -}}
app.kubernetes.io/name: formwork
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "formwork.labels" -}}
app.kubernetes.io/name: formwork
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "formwork.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* Who asks what: secrets from Secrets alone. */ -}}
{{- define "formwork.environment" -}}
{{- with .Values.secretName }}
envFrom:
  - secretRef:
      name: {{ . | quote }}
{{- end }}
{{- with .Values.database }}
{{- if .secretName }}
env:
  - name: FORMWORK_DATABASE
    valueFrom:
      secretKeyRef:
        name: {{ .secretName | quote }}
        key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "formwork.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "formwork.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* The pod of a server, for both stores. */ -}}
{{- define "formwork.pod" -}}
metadata:
  labels:
    {{- include "formwork.selector" . | nindent 4 }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 40
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "formwork.podSecurity" . | nindent 4 }}
  containers:
    - name: formwork
      image: {{ include "formwork.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        - --listen=0.0.0.0:8080
        - --log-format=json
        {{- if not .Values.database.secretName }}
        - --data=/data
        {{- end }}
        {{- with .Values.blobs }}
        - {{ printf "--blobs=%s" . | quote }}
        {{- end }}
        {{- range .Values.proxies }}
        - {{ printf "--proxies=%s" . | quote }}
        {{- end }}
        {{- if and .Values.backup.to (not .Values.database.secretName) }}
        - {{ printf "--backup-to=%s" .Values.backup.to | quote }}
        - {{ printf "--backup-every=%s" .Values.backup.every | quote }}
        - {{ printf "--backup-keep=%s" .Values.backup.keep | quote }}
        {{- end }}
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- include "formwork.environment" . | nindent 6 }}
      ports:
        - name: http
          containerPort: 8080
      securityContext:
        {{- include "formwork.security" . | nindent 8 }}
      # A first start makes a tenant; a migration may take longer than a probe waits.
      startupProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if not .Values.database.secretName }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
