package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas validates values as Helm's ValidateAgainstSchema does, with the same library, but compiles each schema once
// for all cases. Helm compiles it anew for every render, which takes far longer than the rendering: 160 ms for a
// schema of 800 kB. The flag --helm-schema goes back to Helm's own function; the tests hold the two equal.
type schemas struct {
	// compiled maps the address of a schema's text, which the charts of all cases share, to a
	// func() (*jsonschema.Schema, error). Hashing the text itself for each case would cost more than validation.
	compiled sync.Map
}

// chartSchema is what validation needs of a chart, for either version of Helm.
type chartSchema struct {
	name      string
	schema    []byte
	subcharts []chartSchema
}

// validate returns an error with Helm's wording, which lists the faults of the chart and of its subcharts.
func (s *schemas) validate(chart chartSchema, values map[string]any) error {
	if faults := s.faults(chart, values); faults != "" {
		return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\n%s", faults)
	}
	return nil
}

func (s *schemas) faults(chart chartSchema, values map[string]any) string {
	var faults strings.Builder
	if chart.schema != nil {
		if err := s.validateOne(chart.schema, values); err != nil {
			fmt.Fprintf(&faults, "%s:\n%s", chart.name, err)
		}
	}
	for _, subchart := range chart.subcharts {
		raw, given := values[subchart.name]
		if !given || raw == nil {
			continue
		}
		section, ok := raw.(map[string]any)
		if !ok {
			fmt.Fprintf(&faults, "%s:\ninvalid type for values: expected object (map), got %T\n", subchart.name, raw)
			continue
		}
		faults.WriteString(s.faults(subchart, section))
	}
	return faults.String()
}

func (s *schemas) validateOne(text []byte, values map[string]any) error {
	if len(text) == 0 {
		_, err := compile(text)
		return err
	}
	once, _ := s.compiled.LoadOrStore(&text[0], sync.OnceValues(func() (*jsonschema.Schema, error) { return compile(text) }))
	schema, err := once.(func() (*jsonschema.Schema, error))()
	if err != nil {
		return err
	}
	if err := schema.Validate(values); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "jsonschema validation failed with 'file:///values.schema.json#'\n") + "\n")
	}
	return nil
}

// compile resolves no reference outside the schema: the oracle opens neither files nor connections.
func compile(text []byte) (schema *jsonschema.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unable to validate schema: %v", p)
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource("file:///values.schema.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("file:///values.schema.json")
}
