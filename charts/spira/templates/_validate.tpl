{{/* Values under old names, from files/renamed.json. */}}
{{- define "spira.renamed" }}
{{- $lines := list }}
{{- range (.Files.Get "files/renamed.json" | fromJson).renamed }}
{{- if ne (include "spira.value" (list $.Values .old)) "null" }}
{{- $lines = append $lines (printf "- %s is now %s" .old .new) }}
{{- end }}
{{- end }}
{{- with $lines }}
{{- printf "values have other names now:\n\n%s" (join "\n" .) }}
{{- end }}
{{- end }}

{{/* Values of sections that contradict each other, from files/contradictions.json. */}}
{{- define "spira.contradictions" }}
{{- $lines := list }}
{{- range (.Files.Get "files/contradictions.json" | fromJson).contradictions }}
{{- $holds := true }}
{{- range .when }}
{{- if $holds }}{{ $holds = include "spira.says" (list $.Values .) }}{{ end }}
{{- end }}
{{- range ternary .never list (not (empty $holds)) }}
{{- if include "spira.says" (list $.Values .) }}
{{- $lines = append $lines (printf "- %s: %s is not %s" .path (include "spira.value" (list $.Values .path)) .expected) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $lines }}
{{- printf "values contradict each other:\n\n%s" (join "\n" .) }}
{{- end }}
{{- end }}

{{/* Whether values say something; takes the values, and what an entry of the list says. */}}
{{- define "spira.says" }}
{{- $values := first . }}
{{- $said := last . }}
{{- $is := include "spira.value" (list $values $said.path) }}
{{- if hasKey $said "just" }}
{{- if eq $is (toJson $said.just) }}yes{{ end }}
{{- else if hasKey $said "other" }}
{{- if not (has $is (list "null" (toJson $said.other))) }}yes{{ end }}
{{- else if hasKey $said "text" }}
{{- if hasPrefix "\"" $is }}yes{{ end }}
{{- else if hasKey $said "same" }}
{{- if and (ne $is "null") (eq $is (include "spira.value" (list $values $said.same))) }}yes{{ end }}
{{- else if hasKey $said "above" }}
{{- $bound := include "spira.value" (list $values $said.above) }}
{{- if and (regexMatch "^-?[0-9]" $is) (regexMatch "^-?[0-9]" $bound) }}
{{- if gt (float64 $is) (float64 $bound) }}yes{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The value at a path as JSON, null where there is none; takes the values and the path. */}}
{{- define "spira.value" }}
{{- $here := first . }}
{{- range splitList "." (last .) }}
{{- if not (kindIs "map" $here) }}{{ $here = dict }}{{ end }}
{{- $here = index $here . }}
{{- end }}
{{- toJson $here }}
{{- end }}

{{/* Credentials that are nowhere: the subcharts' templates came before and left a note of each. */}}
{{- define "spira.credentials" }}
{{- $paths := list }}
{{- range $part := .Subcharts }}
{{- $paths = concat $paths (get $part.Values "missing credentials" | default list) }}
{{- end }}
{{- with $paths | uniq | sortAlpha }}
{{- printf "credentials are missing, or have a line break in their live Secret:\n\n- %s\n\nGive them, name Secrets that exist, or set global.secrets.generate." (join "\n- " .) }}
{{- end }}
{{- end }}

{{/* What is live and cannot change, or would be left behind, from files/stores.json. */}}
{{- define "spira.upgrade" }}
{{- $found := dict "lines" list }}
{{- $stores := (.Files.Get "files/stores.json" | fromJson).stores }}
{{- range $store := ternary $stores list .Values.global.upgradeCheck }}
{{- $api := printf "%s/%s" .apiVersion .kind }}
{{- with index $.Subcharts (ternary .component "" ($.Capabilities.APIVersions.Has $api)) }}
{{- $new := include $store.template . | fromYaml }}
{{- range $old := (lookup $store.apiVersion $store.kind $.Release.Namespace "").items }}
{{- $labels := $old.metadata.labels | default dict }}
{{- $instance := get $labels "app.kubernetes.io/instance" }}
{{- if and (eq $instance $.Release.Name) (eq (get $labels "app.kubernetes.io/name") $store.component) }}
{{- $name := $old.metadata.name }}
{{- $args := dict "root" $ "stores" $stores "store" $store "name" $name "old" $old "new" $new "found" $found }}
{{- $isSame := eq $name (get ($new.metadata | default dict) "name") }}
{{- include (ternary "spira.upgrade.changes" "spira.upgrade.leftBehind" $isSame) $args }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with $found.lines }}
{{- printf "the release holds what an upgrade cannot change, or would leave behind:\n\n- %s\n\nWith global.upgradeCheck=false nothing is compared with what is live." (join "\n- " .) }}
{{- end }}
{{- end }}

{{/* Adds a line for each change of an object that cannot be. */}}
{{- define "spira.upgrade.changes" }}
{{- range $fixed := .store.fixed }}
{{- $steps := splitList "." .path }}
{{- $before := dict }}
{{- include "spira.pick" (dict "here" $.old "steps" $steps "place" "" "found" $before) }}
{{- $after := dict }}
{{- include "spira.pick" (dict "here" $.new "steps" $steps "place" "" "found" $after) }}
{{- $breaches := dict }}
{{- range $place, $was := $before }}
{{- $rule := dict "rule" $fixed.rule "old" $was "new" (index $after $place) "goes" (not (hasKey $after $place)) }}
{{- with include "spira.breach" $rule }}{{ $_ := set $breaches $place . }}{{ end }}
{{- end }}
{{- range $place, $is := ternary $after dict (eq .rule "sameItems") }}
{{- if not (hasKey $before $place) }}{{ $_ := set $breaches $place "cannot come" }}{{ end }}
{{- end }}
{{- range $place, $breach := $breaches }}
{{- $live := printf "%s of the live %s %s %s" $place $.store.kind $.name $breach }}
{{- $line := printf "%s: %s: %s" $fixed.value $live $fixed.instead }}
{{- $_ := set $.found "lines" (append $.found.lines $line) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Adds a line if an object holds data and another one would take its place. */}}
{{- define "spira.upgrade.leftBehind" }}
{{- $part := index .root.Subcharts .store.component }}
{{- $new := dict }}
{{- range ternary .stores list .store.holdsData }}
{{- if and (eq .component $.store.component) (not $new) }}{{ $new = include .template $part | fromYaml }}{{ end }}
{{- end }}
{{- with $new }}
{{- $live := printf "%s: the live %s %s holds this release's data" $.store.component $.store.kind $.name }}
{{- $other := printf "the %s %s would begin empty" .kind .metadata.name }}
{{- $line := printf "%s, and %s: keep its name and kind, or move the data and delete it" $live $other }}
{{- $_ := set $.found "lines" (append $.found.lines $line) }}
{{- end }}
{{- end }}

{{/* Puts what stands at a path of an object into a map, by its place; `*` is each item. */}}
{{- define "spira.pick" }}
{{- if not .steps }}
{{- $_ := set .found (trimPrefix "." .place) .here }}
{{- else if or (kindIs "map" .here) (kindIs "slice" .here) }}
{{- $step := first .steps }}
{{- $items := dict }}
{{- if and (eq $step "*") (kindIs "map" .here) }}
{{- $items = .here }}
{{- else if eq $step "*" }}
{{- range .here }}
{{- $_ := set $items (.name | default (get (.metadata | default dict) "name")) . }}
{{- end }}
{{- else if kindIs "slice" .here }}
{{- if lt (int $step) (len .here) }}{{ $_ := set $items $step (index .here (int $step)) }}{{ end }}
{{- else if or (hasKey .here $step) (eq (len .steps) 1) }}
{{- $_ := set $items $step (index .here $step) }}
{{- end }}
{{- range $name, $item := $items }}
{{- $place := printf "%s.%s" $.place $name }}
{{- include "spira.pick" (dict "here" $item "steps" (rest $.steps) "place" $place "found" $.found) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What is wrong with a change, by a rule. */}}
{{- define "spira.breach" }}
{{- $old := include "spira.text" .old }}
{{- $new := include "spira.text" .new }}
{{- $isWrong := false }}
{{- if .goes }}
{{- if has .rule (list "kept" "sameItems") }}cannot go{{ end }}
{{- else if eq .rule "same" }}
{{- $isWrong = ne $old $new }}
{{- else if eq .rule "sameIfGiven" }}
{{- $isWrong = and (ne $new "unset") (ne $old $new) }}
{{- else if eq .rule "sameSize" }}
{{- $isWrong = ne (include "spira.bytes" $old) (include "spira.bytes" $new) }}
{{- else if eq .rule "notSmaller" }}
{{- $isWrong = lt (include "spira.bytes" $new | float64) (include "spira.bytes" $old | float64) }}
{{- else if eq .rule "notOlder" }}
{{- $isWrong = lt (regexFind "^[0-9]+" $new | int64) (regexFind "^[0-9]+" $old | int64) }}
{{- end }}
{{- if $isWrong }}is {{ $old }} and cannot become {{ $new }}{{ end }}
{{- end }}

{{/* A value as a person writes it. */}}
{{- define "spira.text" }}
{{- if kindIs "invalid" . }}unset{{ else if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{/* How much a quantity of storage is, in bytes. */}}
{{- define "spira.bytes" }}
{{- $factors := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 }}
{{- $binary := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 }}
{{- $number := regexFind "^[0-9.]+" . }}
{{- mulf (float64 $number) (get (merge $factors $binary) (trimPrefix $number .) | default 0) }}
{{- end }}

{{/* By what each Prometheus chooses what it reads, where none chooses this release's monitors. */}}
{{- define "spira.monitoring" }}
{{- $monitoring := .Values.global.monitoring }}
{{- $own := $monitoring.labels | default dict }}
{{- $labels := dict }}
{{- range $labelled := list .Values.global.commonLabels $own }}
{{- range $key, $value := $labelled }}{{ $_ := set $labels $key $value }}{{ end }}
{{- end }}
{{- $served := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/Prometheus" }}
{{- $isRead := false }}
{{- $lines := list }}
{{- if and $monitoring.enabled $monitoring.checkLabels $served }}
{{- range $prometheus := (lookup "monitoring.coreos.com/v1" "Prometheus" "" "").items }}
{{- range $field := list "podMonitorSelector" "serviceMonitorSelector" }}
{{- $selector := index ($prometheus.spec | default dict) $field }}
{{- if include "spira.chooses" (list $selector $labels) }}{{ $isRead = true }}{{ end }}
{{- $who := printf "the %s of Prometheus %s/%s" $field $prometheus.metadata.namespace $prometheus.metadata.name }}
{{- $lines = append $lines (printf "%s is not what %s asks for: %s" (toJson $own) $who (toJson $selector)) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and $lines (not $isRead) }}
{{- $head := "no Prometheus of the cluster chooses monitors with these labels:\n\n- global.monitoring.labels: " }}
{{- printf "%s%s\n\nWith global.monitoring.checkLabels=false they are not compared." $head (join "\n- global.monitoring.labels: " $lines) }}
{{- end }}
{{- end }}

{{/*
Whether a selector chooses what has these labels; one that is not there chooses nothing. Labels that every
object has are taken to be what it asks for.
*/}}
{{- define "spira.chooses" }}
{{- $labels := last . }}
{{- $yes := kindIs "map" (first .) }}
{{- $selector := ternary (first .) dict $yes }}
{{- range $key, $value := $selector.matchLabels }}
{{- $isStandard := regexMatch "^(app\\.kubernetes\\.io|helm\\.sh)/" $key }}
{{- if not (or $isStandard (and (hasKey $labels $key) (eq (get $labels $key) $value))) }}{{ $yes = false }}{{ end }}
{{- end }}
{{- range $selector.matchExpressions }}
{{- $isStandard := regexMatch "^(app\\.kubernetes\\.io|helm\\.sh)/" .key }}
{{- $isThere := hasKey $labels .key }}
{{- $isListed := and $isThere (has (get $labels .key) (.values | default list)) }}
{{- $holds := dict "In" $isListed "NotIn" (not $isListed) "Exists" $isThere "DoesNotExist" (not $isThere) }}
{{- if not (or $isStandard (not (hasKey $holds .operator)) (get $holds .operator)) }}{{ $yes = false }}{{ end }}
{{- end }}
{{- ternary "yes" "" $yes }}
{{- end }}
