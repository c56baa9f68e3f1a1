{{/* The name that a component's objects start with; takes the root context and the component. */}}
{{- define "spira.fullname" -}}
{{- $root := index . 0 }}
{{- $component := index . 1 }}
{{- $name := get ($root.Values.global.fullnameOverrides | default dict) $component }}
{{- $room := sub 51 (len $component) | int }}
{{- $release := regexReplaceAll "^[0-9]" $root.Release.Name "r${0}" | replace "." "-" }}
{{- $release = $release | trunc $room | trimAll "-" }}
{{- $name | default (printf "%s-%s" $release $component) }}
{{- end }}
