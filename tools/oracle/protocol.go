package main

import "encoding/json"

// testCase is one line of the input.
type testCase struct {
	// ID comes back in the answer as it is given.
	ID json.RawMessage `json:"id"`
	// Release is the name of the release, `release-name` as in `helm template` by default.
	Release string `json:"release"`
	// Namespace of the release, `default` by default.
	Namespace string `json:"namespace"`
	// ValuesYAML are texts of values files, merged in this order like repeated `-f`.
	ValuesYAML []string `json:"valuesYaml"`
	// Values are merged over ValuesYAML, like the last `-f`: its numbers are floating-point, as from a file.
	Values json.RawMessage `json:"values"`
	// Set are arguments of `--set`, after all files.
	Set []string `json:"set"`
	// APIVersions are those of `--api-versions`.
	APIVersions []string `json:"apiVersions"`
	// IsUpgrade is `--is-upgrade`.
	IsUpgrade bool `json:"isUpgrade"`
	// Secrets are the live objects that the template function `lookup` finds; without any it finds nothing, as in
	// `helm template`. Despite the name an object of any kind may be given. One without namespace is in Namespace.
	Secrets []map[string]any `json:"secrets"`
}

// answer is one line of the output: objects or error.
type answer struct {
	ID json.RawMessage `json:"id"`
	// Objects in the order in which Helm installs them, then the hooks.
	Objects []json.RawMessage `json:"objects,omitempty"`
	// Sources holds for each object the template file that wrote it.
	Sources []string `json:"sources,omitempty"`
	// Notes are those of the chart itself, not of its subcharts.
	Notes string `json:"notes"`
	Error string `json:"error,omitempty"`
}

// rendered is what an engine makes of a case: documents in Helm's order, hooks last.
type rendered struct {
	documents []document
	notes     string
}

// document is one YAML document of a template's output.
type document struct {
	source string
	text   string
}

// mergeMaps lays b over a without changing either: maps are merged, everything else of b replaces. This is how both
// versions of Helm merge values files; Helm 3 keeps its function private.
func mergeMaps(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		over, isMap := v.(map[string]any)
		under, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			out[k] = mergeMaps(under, over)
		} else {
			out[k] = v
		}
	}
	return out
}

// userValues merges the values of a case as the command line of Helm does.
func userValues(c *testCase, parse func(text string) (map[string]any, error), set func(arg string, into map[string]any) error) (map[string]any, error) {
	values := map[string]any{}
	for _, text := range c.ValuesYAML {
		file, err := parse(text)
		if err != nil {
			return nil, err
		}
		values = mergeMaps(values, file)
	}
	if len(c.Values) > 0 {
		last := map[string]any{}
		// Helm turns the YAML of a values file into JSON and decodes that with this package: numbers are float64.
		if err := json.Unmarshal(c.Values, &last); err != nil {
			return nil, err
		}
		values = mergeMaps(values, last)
	}
	for _, arg := range c.Set {
		if err := set(arg, values); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// copyValues copies maps and lists as deep as they go.
func copyValues(values map[string]any) map[string]any {
	if values == nil {
		return nil
	}
	return copyValue(values).(map[string]any)
}

func copyValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = copyValue(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = copyValue(item)
		}
		return out
	default:
		return v
	}
}
