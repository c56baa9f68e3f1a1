package main

import (
	"encoding/json"
	"fmt"
	"sync"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi"
)

// withShortSpecs answers the one question that Helm has to what an API server says of its endpoints: whether a PATCH of a
// kind takes the parameter `fieldValidation`. Helm reads megabytes for it, and anew for each manifest: most of what an
// upgrade took. Here each is read once, and cut to what the question is about.
type withShortSpecs struct {
	discovery.CachedDiscoveryInterface
	short *shortSpecs
}

func (w withShortSpecs) OpenAPIV3() openapi.Client { return w.short }

// shortSpecs implements openapi.Client.
type shortSpecs struct {
	whole openapi.Client
	once  sync.Once
	paths map[string]openapi.GroupVersion
	err   error
}

func (s *shortSpecs) Paths() (map[string]openapi.GroupVersion, error) {
	s.once.Do(func() {
		whole, err := s.whole.Paths()
		s.paths, s.err = map[string]openapi.GroupVersion{}, err
		for path, version := range whole {
			s.paths[path] = &shortSpec{GroupVersion: version}
		}
	})
	return s.paths, s.err
}

type shortSpec struct {
	openapi.GroupVersion
	once sync.Once
	text []byte
	err  error
}

func (s *shortSpec) Schema(contentType string) ([]byte, error) {
	s.once.Do(func() {
		whole, err := s.GroupVersion.Schema(contentType)
		if err == nil {
			s.text, err = shortened(whole)
		}
		s.err = err
	})
	return s.text, s.err
}

// spec is the part of a document of OpenAPI that is about the parameters of PATCH.
type spec struct {
	OpenAPI    string                     `json:"openapi"`
	Info       json.RawMessage            `json:"info"`
	Paths      map[string]operations      `json:"paths"`
	Components map[string]json.RawMessage `json:"components,omitempty"`
}

type operations struct {
	Patch *operation `json:"patch,omitempty"`
}

type operation struct {
	Kind       json.RawMessage `json:"x-kubernetes-group-version-kind,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
}

func shortened(whole []byte) ([]byte, error) {
	var document spec
	if err := json.Unmarshal(whole, &document); err != nil {
		return nil, fmt.Errorf("what the API server says of its endpoints: %w", err)
	}
	for kind := range document.Components {
		if kind != "parameters" {
			delete(document.Components, kind)
		}
	}
	for path, operations := range document.Paths {
		if operations.Patch == nil {
			delete(document.Paths, path)
		}
	}
	return json.Marshal(document)
}
