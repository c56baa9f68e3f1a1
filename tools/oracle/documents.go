package main

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// parseDocument turns a YAML document into JSON, or into nil if it holds nothing but comments.
//
// It is stricter than `helm template` in two points where the API server or Helm's install would refuse or, worse,
// silently keep one of two: a key that is given twice, and an object without apiVersion or kind.
func parseDocument(d document) (json.RawMessage, error) {
	object, err := yaml.YAMLToJSONStrict([]byte(d.text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", d.source, err, d.text)
	}
	if string(object) == "null" {
		return nil, nil
	}
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(object, &head); err != nil {
		return nil, fmt.Errorf("%s: a document is no Kubernetes object: %w\n%s", d.source, err, d.text)
	}
	if head.APIVersion == "" || head.Kind == "" {
		return nil, fmt.Errorf("%s: a document has no apiVersion or no kind:\n%s", d.source, d.text)
	}
	return object, nil
}
